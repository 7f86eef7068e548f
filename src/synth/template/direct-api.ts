/**
 * Accept mode `direct`: a REST API that puts the input into the operation's queue without a function between, as wide
 * as API Gateway and SQS are. Checks by JSON Schema, answers the message's id as the receipt's, and never a 202 for what
 * SQS did not take.
 */
import { hash } from "node:crypto";
import type { Plan, PlannedOperation, PlannedQueue } from "../plan.ts";
import { alarm } from "./alarms.ts";
import { arnOf, filledIn, type JsonObject, type Part, type Resource, ref } from "./cloudformation.ts";
import { pathsOf } from "./direct-paths.ts";
import { DIRECT_API, gatewayResponses, PROBLEM_TYPE, problemText } from "./direct-responses.ts";
import { edgeSchemaOf } from "./edge-schema.ts";
import { AUTHORIZER_FUNCTION, logGroup } from "./functions.ts";
import { HTTP_API, invocableBy } from "./http-api.ts";
import { queueId } from "./queues.ts";
import { allow, roleFor } from "./roles.ts";

const STAGE = "live";

const ACCESS_LOG = {
  bytes: "$context.responseLength",
  error: "$context.error.message",
  ip: "$context.identity.sourceIp",
  method: "$context.httpMethod",
  ms: "$context.responseLatency",
  path: "$context.path",
  queueError: "$context.integrationErrorMessage",
  queueStatus: "$context.integrationStatus",
  requestId: "$context.requestId",
  status: "$context.status",
  time: "$context.requestTimeEpoch",
};

type Direct = { readonly operation: PlannedOperation; readonly queue: PlannedQueue };

export function directApiPart(plan: Plan): Part {
  const direct = plan.operations.flatMap((operation) => {
    const queue = plan.queues.find(({ name }) => name === operation.queue);
    return operation.accept === "direct" && queue ? [{ operation, queue }] : [];
  });
  if (direct.length === 0) return {};
  const definition = { ...apiOf(plan, direct), ...gatewayResponses() };
  // A deployment is a copy of the API as it is then: another definition needs another one.
  const deployment = `DirectDeployment${hash("sha256", JSON.stringify(definition)).slice(0, 12)}`;
  return {
    resources: { ...definition, ...deployed(deployment, Object.keys(definition)), ...aroundIt(plan, direct) },
    outputs: {
      DirectUrl: {
        Description: `Straight into the queue: POST /operations/{name} of ${direct.map(({ operation }) => operation.name).join(", ")}`,
        Value: filledIn(`https://\${${DIRECT_API}}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}/${STAGE}`),
      },
    },
  };
}

function apiOf(plan: Plan, direct: readonly Direct[]): Readonly<Record<string, Resource>> {
  const paths = pathsOf(
    DIRECT_API,
    direct.flatMap(({ operation: { name, route } }) => [
      `/operations/${name}`,
      ...(route === undefined ? [] : [route]),
    ]),
  );
  const methods = direct.flatMap((one) => methodsOf(one, plan, paths.idOf));
  return {
    [DIRECT_API]: {
      Type: "AWS::ApiGateway::RestApi",
      Properties: {
        EndpointConfiguration: { Types: ["REGIONAL"] },
        Name: filledIn("${AWS::StackName}-direct"),
      },
    },
    DirectValidator: {
      Type: "AWS::ApiGateway::RequestValidator",
      Properties: {
        RestApiId: ref(DIRECT_API),
        ValidateRequestBody: true,
        ValidateRequestParameters: true,
      },
    },
    ...(plan.authenticates && { DirectAuthorizer: authorizer() }),
    ...paths.resources,
    ...Object.fromEntries(methods),
  };
}

function authorizer(): Resource {
  return {
    Type: "AWS::ApiGateway::Authorizer",
    Properties: {
      // Asked for every call: a token that was taken back must not go on for minutes.
      AuthorizerResultTtlInSeconds: 0,
      AuthorizerUri: filledIn(
        `arn:\${AWS::Partition}:apigateway:\${AWS::Region}:lambda:path/2015-03-31/functions/\${${AUTHORIZER_FUNCTION}.Arn}/invocations`,
      ),
      IdentitySource: "method.request.header.Authorization",
      Name: "authenticate",
      RestApiId: ref(DIRECT_API),
      Type: "REQUEST",
    },
  };
}

function methodsOf(
  { queue, operation }: Direct,
  { authenticates }: Plan,
  idOf: (path: string) => string,
): readonly (readonly [string, Resource])[] {
  const { name, route, keyRequired, inputSchema } = operation;
  const model = `${idOf(`/operations/${name}`)}Model`;
  const method = (path: string): readonly [string, Resource] => [
    `${idOf(path)}Method`,
    {
      Type: "AWS::ApiGateway::Method",
      Properties: {
        AuthorizationType: authenticates ? "CUSTOM" : "NONE",
        ...(authenticates && { AuthorizerId: ref("DirectAuthorizer") }),
        HttpMethod: "POST",
        Integration: integration(operation, queue, authenticates),
        MethodResponses: [202, 500, 503].map((status) => ({
          ResponseParameters: {
            "method.response.header.Content-Type": false,
            "method.response.header.Retry-After": false,
            ...(status === 202 && { "method.response.header.Location": false }),
          },
          StatusCode: `${status}`,
        })),
        RequestModels: { "application/json": ref(model) },
        RequestParameters: { "method.request.header.Idempotency-Key": keyRequired },
        RequestValidatorId: ref("DirectValidator"),
        ResourceId: ref(idOf(path)),
        RestApiId: ref(DIRECT_API),
      },
    },
  ];
  return [
    [
      model,
      {
        Type: "AWS::ApiGateway::Model",
        Properties: {
          ContentType: "application/json",
          RestApiId: ref(DIRECT_API),
          Schema: edgeSchemaOf(inputSchema),
        },
      },
    ],
    method(`/operations/${name}`),
    ...(route === undefined ? [] : [method(route)]),
  ];
}

function integration(operation: PlannedOperation, queue: PlannedQueue, authenticates: boolean): JsonObject {
  const id = queueId(queue);
  const problem = (status: number, pattern?: string): JsonObject => ({
    ResponseParameters: {
      "method.response.header.Content-Type": PROBLEM_TYPE,
      "method.response.header.Retry-After": "'1'",
    },
    ResponseTemplates: {
      "application/json": problemText(status === 503 ? "storage-unavailable" : "internal"),
    },
    ...(pattern !== undefined && { SelectionPattern: pattern }),
    StatusCode: `${status}`,
  });
  return {
    Credentials: arnOf("DirectRole"),
    IntegrationHttpMethod: "POST",
    IntegrationResponses: [
      accepted(operation),
      // Without it an answer that SQS refused would be a 202, and the call lost.
      problem(503, "[45]\\d{2}"),
      problem(500),
    ],
    PassthroughBehavior: "NEVER",
    RequestParameters: {
      "integration.request.header.Content-Type": "'application/x-www-form-urlencoded'",
    },
    RequestTemplates: { "application/json": messageTemplate(operation, authenticates) },
    Type: "AWS",
    Uri: filledIn(
      `arn:\${AWS::Partition}:apigateway:\${AWS::Region}:sqs:path/\${AWS::AccountId}/\${${id}.QueueName}`,
    ),
  };
}

/**
 * The input as it is (`$input.body`; a part of it taken out by a path would end after 100 KB), and beside it what the
 * function must know. An attribute without a value would be refused, so that a key is one only where it was sent.
 */
function messageTemplate({ name }: PlannedOperation, authenticates: boolean): string {
  const attributes = [
    ["operation", name],
    ["accepted", "$context.requestTimeEpoch"],
    ...(authenticates ? [["principal", "$util.urlEncode($context.authorizer.principalId)"] as const] : []),
  ] as const;
  const key = "$input.params().header.get($name)";
  const named = attributes.map(([attribute, value], place) => attributeText(place + 1, attribute, value));
  return [
    "Action=SendMessage&Version=2012-11-05&MessageBody=$util.urlEncode($input.body)",
    ...named,
    "#foreach($name in $input.params().header.keySet())",
    `#if($name.toLowerCase() == "idempotency-key" && ${key} != "")`,
    attributeText(attributes.length + 1, "key", `$util.urlEncode(${key})`),
    "#end#end",
  ].join("");
}

function attributeText(place: number, name: string, value: string): string {
  const attribute = `&MessageAttribute.${place}`;
  return `${attribute}.Name=${name}${attribute}.Value.DataType=String${attribute}.Value.StringValue=${value}`;
}

/** The receipt is read from the HTTP API, whose address is not this one's. */
function accepted({ name }: PlannedOperation): JsonObject {
  const id = "$input.path('$.SendMessageResponse.SendMessageResult.MessageId')";
  const receipts = `https://\${${HTTP_API}}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}/receipts`;
  return {
    ResponseParameters: {
      "method.response.header.Content-Type": "'application/json'",
      "method.response.header.Retry-After": "'1'",
    },
    ResponseTemplates: {
      "application/json": filledIn(
        `#set($id = ${id})#set($context.responseOverride.header.Location = "${receipts}/$id?accepted=$context.requestTimeEpoch"){"id":"$id","operation":"${name}","status":"queued"}`,
      ),
    },
    SelectionPattern: "2\\d{2}",
    StatusCode: "202",
  };
}

function deployed(deployment: string, definition: readonly string[]): Readonly<Record<string, Resource>> {
  return {
    [deployment]: {
      Type: "AWS::ApiGateway::Deployment",
      Properties: { RestApiId: ref(DIRECT_API) },
      DependsOn: definition.filter((id) => id !== DIRECT_API).sort(),
    },
    DirectStage: {
      Type: "AWS::ApiGateway::Stage",
      Properties: {
        AccessLogSetting: { DestinationArn: arnOf("DirectApiLogs"), Format: JSON.stringify(ACCESS_LOG) },
        DeploymentId: ref(deployment),
        RestApiId: ref(DIRECT_API),
        StageName: STAGE,
      },
      DependsOn: ["GatewayAccount"],
    },
  };
}

function aroundIt({ authenticates }: Plan, direct: readonly Direct[]): Readonly<Record<string, Resource>> {
  const queues = [...new Set(direct.map(({ queue }) => queueId(queue)))];
  return {
    DirectApiLogs: logGroup(),
    DirectRole: roleFor("apigateway.amazonaws.com", [allow(["sqs:SendMessage"], queues.map(arnOf))]),
    ...(authenticates && {
      DirectAuthorizerPermission: invocableBy(
        AUTHORIZER_FUNCTION,
        `\${${DIRECT_API}}/authorizers/\${DirectAuthorizer}`,
      ),
    }),
    DirectApiErrorsAlarm: alarm(
      "Calls were refused because SQS did not take them.",
      {
        namespace: "AWS/ApiGateway",
        metric: "5XXError",
        dimension: { Name: "ApiName", Value: filledIn("${AWS::StackName}-direct") },
      },
      { above: 0, statistic: "Sum", periodSeconds: 300, periods: 1 },
    ),
  };
}
