import type { Rule } from "../rule.ts";
import { queueMethods } from "./default-response.ts";

export const directAuthorizer: Rule = {
  id: "direct-authorizer",
  severity: "lose",
  why: "The app asks who calls, and before a queue that the gateway fills only the method's authorizer can. Without it the gateway takes calls of anybody; the functions run none of them, and each ends as failed behind its 202.",
  source: "docs/wire.md",
  check: ({ template, plan }) =>
    queueMethods(template).flatMap((method) => {
      const property = "AuthorizationType";
      const type = template.value(method, property) ?? "NONE, the default";
      if (!plan.authenticates || type === "CUSTOM") return [];
      const fix = `${property}: "CUSTOM", and AuthorizerId: { "Ref": "DirectAuthorizer" }`;
      return [{ at: method, property, says: `is ${type}.`, fix }];
    }),
};
