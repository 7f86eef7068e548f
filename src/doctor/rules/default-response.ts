import type { Rule } from "../rule.ts";
import { listOf, objectOf, type Resource, type Template } from "../template.ts";

/** What SQS answers when it has not taken a message. */
const REFUSALS = [400, 403, 404, 413, 429, 500, 503];

export const defaultResponse: Rule = {
  id: "default-response",
  severity: "lose",
  why: "A REST API answers with its default response whatever no pattern matches: a client gets its 202 although SQS refused the message, and nobody ever hears of it again.",
  source:
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-integration-settings-integration-response.html",
  check: ({ template }) =>
    queueMethods(template).flatMap((method) => {
      const property = "Integration.IntegrationResponses";
      const responses = listOf(template.value(method, property)).map(objectOf);
      const accepted = REFUSALS.filter((status) => /^2/.test(statusFor(status, responses) ?? ""));
      if (accepted.length === 0) return [];
      return [
        {
          at: method,
          property,
          says: `answer ${statusFor(accepted[0] as number, responses)} when SQS answers ${accepted.join(", ")}.`,
          fix: 'Add { "StatusCode": "503", "SelectionPattern": "[45]\\\\d{2}" }',
        },
      ];
    }),
};

/** Methods of a REST API that write to SQS themselves. */
export function queueMethods(template: Template): readonly Resource[] {
  return template.of("AWS::ApiGateway::Method").filter((method) => {
    const isAws = template.value(method, "Integration.Type") === "AWS";
    return isAws && JSON.stringify(template.value(method, "Integration.Uri") ?? "").includes(":sqs:");
  });
}

/** As API Gateway chooses: the first pattern that matches the whole status, else the response that has none. */
function statusFor(
  status: number,
  responses: readonly Readonly<Record<string, unknown>>[],
): string | undefined {
  const chosen =
    responses.find(({ SelectionPattern: pattern }) => isPattern(pattern) && matches(pattern, status)) ??
    responses.find(({ SelectionPattern: pattern }) => !isPattern(pattern));
  return chosen === undefined ? undefined : String(chosen["StatusCode"]);
}

function isPattern(pattern: unknown): pattern is string {
  return typeof pattern === "string" && pattern !== "";
}

function matches(pattern: string, status: number): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(String(status));
  } catch {
    return false;
  }
}
