import type { Rule } from "../rule.ts";
import { queueMethods } from "./default-response.ts";

export const passthrough: Rule = {
  id: "passthrough",
  severity: "lose",
  why: "A body of a content type that has no template is handed to SQS as it is. As a form it is a request to SQS of the caller's own, made with the API's role; as anything else it is refused.",
  source:
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html",
  check: ({ template }) =>
    queueMethods(template).flatMap((method) => {
      const property = "Integration.PassthroughBehavior";
      const behaviour = template.value(method, property) ?? "WHEN_NO_MATCH, the default";
      if (behaviour === "NEVER") return [];
      return [{ at: method, property, says: `is ${behaviour}.`, fix: 'PassthroughBehavior: "NEVER"' }];
    }),
};
