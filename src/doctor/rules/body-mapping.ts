import { shown } from "../../core/options.ts";
import type { Rule } from "../rule.ts";
import { textsIn } from "../template.ts";

export const bodyMapping: Rule = {
  id: "body-mapping",
  severity: "lose",
  why: "API Gateway cuts a body at 100 KB before it looks into it by a JSON path: a larger input arrives without the rest, or not at all. Taken whole it is not cut.",
  source:
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services.html",
  check: ({ template }) =>
    template.of("AWS::ApiGatewayV2::Integration").flatMap((integration) => {
      const mapped = textsIn(integration.properties["RequestParameters"]);
      return mapped
        .filter(({ text }) => /\$\{?request\.body\./.test(text))
        .map(({ path, text }) => ({
          at: integration,
          property: `RequestParameters.${path}`,
          says: `is ${shown(text)}.`,
          fix: `${path}: "$request.body"`,
        }));
    }),
};
