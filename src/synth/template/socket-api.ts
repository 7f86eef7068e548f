/** The WebSocket API: all three of its routes go to one function. */
import { arnOf, filledIn, type Part, type Resource, ref } from "./cloudformation.ts";
import { SOCKET_API, SOCKET_STAGE } from "./environment.ts";
import { logGroup, SOCKET_FUNCTION } from "./functions.ts";
import { invocableBy } from "./http-api.ts";

const ACCESS_LOG = {
  connection: "$context.connectionId",
  error: "$context.error.message",
  event: "$context.eventType",
  functionError: "$context.integrationErrorMessage",
  functionMs: "$context.integrationLatency",
  ip: "$context.identity.sourceIp",
  requestId: "$context.requestId",
  route: "$context.routeKey",
  status: "$context.status",
  time: "$context.requestTimeEpoch",
};

const ROUTES = { Connect: "$connect", Default: "$default", Disconnect: "$disconnect" } as const;

export function socketApiPart(): Part {
  return {
    resources: {
      [SOCKET_API]: {
        Type: "AWS::ApiGatewayV2::Api",
        Properties: {
          Name: filledIn("${AWS::StackName}-socket"),
          ProtocolType: "WEBSOCKET",
          // Frames are told apart by the function: what is no frame must be answered too.
          RouteSelectionExpression: "$request.body.type",
        },
      },
      SocketApiLogs: logGroup(),
      SocketIntegration: {
        Type: "AWS::ApiGatewayV2::Integration",
        Properties: {
          ApiId: ref(SOCKET_API),
          IntegrationType: "AWS_PROXY",
          IntegrationUri: filledIn(
            `arn:\${AWS::Partition}:apigateway:\${AWS::Region}:lambda:path/2015-03-31/functions/\${${SOCKET_FUNCTION}.Arn}/invocations`,
          ),
        },
      },
      ...Object.fromEntries(Object.entries(ROUTES).flatMap(([id, key]) => route(id, key))),
      SocketStage: {
        Type: "AWS::ApiGatewayV2::Stage",
        Properties: {
          AccessLogSettings: { DestinationArn: arnOf("SocketApiLogs"), Format: JSON.stringify(ACCESS_LOG) },
          ApiId: ref(SOCKET_API),
          AutoDeploy: true,
          StageName: SOCKET_STAGE,
        },
        DependsOn: ["GatewayAccount"],
      },
    },
    outputs: {
      SocketUrl: {
        Description: "The socket, subprotocol spillway.v1",
        Value: filledIn(
          `wss://\${${SOCKET_API}}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}/${SOCKET_STAGE}`,
        ),
      },
    },
  };
}

function route(id: string, key: string): readonly (readonly [string, Resource])[] {
  return [
    [
      `Socket${id}Route`,
      {
        Type: "AWS::ApiGatewayV2::Route",
        Properties: {
          ApiId: ref(SOCKET_API),
          RouteKey: key,
          Target: filledIn("integrations/${SocketIntegration}"),
        },
      },
    ],
    [`Socket${id}Permission`, invocableBy(SOCKET_FUNCTION, `\${${SOCKET_API}}/*/${key}`)],
  ];
}
