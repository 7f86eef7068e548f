import type { Observation, Rule } from "../rule.ts";

const GATEWAY_MS = 30_000;

export const atOnceTimeout: Rule = {
  id: "at-once-timeout",
  severity: "double",
  why: "A caller who hears a timeout while the handler goes on calls again, and without an Idempotency-Key the work is done twice.",
  source: "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html",
  check: ({ template, http, atOnce }) => {
    if (http === undefined || atOnce === undefined) return [];
    const slow = `${atOnce.names} may take ${atOnce.ms / 1_000} s`;
    const integrations = template
      .of("AWS::ApiGatewayV2::Integration")
      .filter((one) => template.referred(one, "IntegrationUri") === http)
      .flatMap((at): readonly Observation[] => {
        const property = "TimeoutInMillis";
        const waits = template.number(at, property, GATEWAY_MS);
        if (!(waits <= atOnce.ms)) return [];
        return [{ at, property, says: `is ${waits} ms; ${slow}.`, fix: `${property}: ${GATEWAY_MS}` }];
      });
    const runs = template.number(http, "Timeout", 3);
    if (!(runs * 1_000 <= atOnce.ms)) return integrations;
    const fix = `Timeout: ${GATEWAY_MS / 1_000 - 1}`;
    return [...integrations, { at: http, property: "Timeout", says: `is ${runs} s; ${slow}.`, fix }];
  },
};
