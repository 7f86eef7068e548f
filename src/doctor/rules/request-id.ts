import type { Rule } from "../rule.ts";
import { textsIn } from "../template.ts";

const WHERE: Readonly<Record<string, readonly string[]>> = {
  "AWS::ApiGateway::Method": ["Integration"],
  "AWS::ApiGatewayV2::Integration": ["RequestParameters", "ResponseParameters", "RequestTemplates"],
};

export const requestId: Rule = {
  id: "request-id",
  severity: "lose",
  why: 'Callers can choose the request id of API Gateway, by a header. As the id of a job it lets the second of two calls that have the same be taken for a repeat of the first; and it ends in "=", which is no part of a path.',
  source:
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html",
  check: ({ template }) =>
    template.of(...Object.keys(WHERE)).flatMap((resource) =>
      (WHERE[resource.type] ?? [])
        .flatMap((name) => textsIn(resource.properties[name], name))
        .filter(({ text }) => /\$\{?context\.requestId\b/.test(text))
        .map(({ path }) => ({
          at: resource,
          property: path,
          says: "has $context.requestId.",
          fix: "Take the MessageId out of the answer of SQS, or an id that the function makes",
        })),
    ),
};
