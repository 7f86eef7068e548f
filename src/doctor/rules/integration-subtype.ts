import { shown } from "../../core/options.ts";
import type { Rule } from "../rule.ts";

const SUBTYPES = [
  ...[
    "EventBridge-PutEvents",
    "SQS-SendMessage",
    "SQS-ReceiveMessage",
    "SQS-DeleteMessage",
    "SQS-PurgeQueue",
  ],
  ...["AppConfig-GetConfiguration", "Kinesis-PutRecord"],
  ...["StepFunctions-StartExecution", "StepFunctions-StartSyncExecution", "StepFunctions-StopExecution"],
];

export const integrationSubtype: Rule = {
  id: "integration-subtype",
  severity: "lose",
  why: "API Gateway knows these by their exact names and validators do not: a letter amiss is found when the stack is deployed, or by the calls that get no further.",
  source:
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services-reference.html",
  check: ({ template }) =>
    template.of("AWS::ApiGatewayV2::Integration").flatMap((integration) => {
      const property = "IntegrationSubtype";
      const subtype = template.value(integration, property);
      if (subtype === undefined || SUBTYPES.includes(String(subtype))) return [];
      const meant = SUBTYPES.find((one) => plain(one) === plain(String(subtype))) ?? "SQS-SendMessage";
      return [
        {
          at: integration,
          property,
          says: `is ${shown(subtype)}, which there is not.`,
          fix: `${property}: "${meant}"`,
        },
      ];
    }),
};

/** Without what is easily mistaken. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z]/g, "");
}
