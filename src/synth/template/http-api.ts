/** The HTTP API: every path goes to one function, receipts by id to their own, which may only read. */
import { GATEWAY_MS } from "../bounds.ts";
import { arnOf, filledIn, type Part, type Resource, ref } from "./cloudformation.ts";
import { HTTP_FUNCTION, logGroup, STATUS_FUNCTION } from "./functions.ts";

export const HTTP_API = "HttpApi";

const ACCESS_LOG = {
  bytes: "$context.responseLength",
  error: "$context.error.message",
  functionError: "$context.integrationErrorMessage",
  functionMs: "$context.integrationLatency",
  functionStatus: "$context.integrationStatus",
  ip: "$context.identity.sourceIp",
  method: "$context.httpMethod",
  ms: "$context.responseLatency",
  path: "$context.path",
  requestId: "$context.requestId",
  route: "$context.routeKey",
  status: "$context.status",
  time: "$context.requestTimeEpoch",
};

export function httpApiPart(): Part {
  return {
    resources: {
      [HTTP_API]: {
        Type: "AWS::ApiGatewayV2::Api",
        Properties: { Name: filledIn("${AWS::StackName}-http"), ProtocolType: "HTTP" },
      },
      HttpApiLogs: logGroup(),
      HttpApiStage: {
        Type: "AWS::ApiGatewayV2::Stage",
        Properties: {
          AccessLogSettings: { DestinationArn: arnOf("HttpApiLogs"), Format: JSON.stringify(ACCESS_LOG) },
          ApiId: ref(HTTP_API),
          AutoDeploy: true,
          StageName: "$default",
        },
      },
      ...route("Http", "$default", HTTP_FUNCTION, "$default"),
      ...route("Status", "GET /receipts/{id}", STATUS_FUNCTION, "GET/receipts/{id}"),
    },
    outputs: {
      HttpUrl: {
        Description: "Calls, receipts, health, admin: POST /operations/{name}",
        Value: filledIn(`https://\${${HTTP_API}}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}`),
      },
    },
  };
}

function route(id: string, key: string, target: string, arnEnd: string): Readonly<Record<string, Resource>> {
  return {
    [`${id}Integration`]: {
      Type: "AWS::ApiGatewayV2::Integration",
      Properties: {
        ApiId: ref(HTTP_API),
        IntegrationType: "AWS_PROXY",
        IntegrationUri: arnOf(target),
        PayloadFormatVersion: "2.0",
        TimeoutInMillis: GATEWAY_MS,
      },
    },
    [`${id}Route`]: {
      Type: "AWS::ApiGatewayV2::Route",
      Properties: {
        ApiId: ref(HTTP_API),
        RouteKey: key,
        Target: filledIn(`integrations/\${${id}Integration}`),
      },
    },
    [`${id}Permission`]: invocableBy(target, `\${${HTTP_API}}/*/${arnEnd}`),
  };
}

/** @param place the API, its stage and its route, as API Gateway names itself when it calls */
export function invocableBy(target: string, place: string): Resource {
  return {
    Type: "AWS::Lambda::Permission",
    Properties: {
      Action: "lambda:InvokeFunction",
      FunctionName: arnOf(target),
      Principal: "apigateway.amazonaws.com",
      SourceArn: filledIn(`arn:\${AWS::Partition}:execute-api:\${AWS::Region}:\${AWS::AccountId}:${place}`),
    },
  };
}
