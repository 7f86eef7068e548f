/** What API Gateway says when it refuses a call by itself: problems, as everywhere else. */
import { type ProblemCode, problem } from "../../core/errors.ts";
import { type JsonObject, type Resource, ref } from "./cloudformation.ts";

export const DIRECT_API = "DirectApi";
/** Static values of API Gateway stand in single quotes. */
export const PROBLEM_TYPE = "'application/problem+json'";

type Said = { readonly code: ProblemCode; readonly detail?: string; readonly headers?: JsonObject };

const RETRY: JsonObject = { "gatewayresponse.header.Retry-After": "'1'" };

/** By API Gateway's own names; a path that it does not know is to it one without a token. */
const SAID: Readonly<Record<string, Said & { readonly status?: number }>> = {
  ACCESS_DENIED: { code: "forbidden" },
  AUTHORIZER_CONFIGURATION_ERROR: { code: "internal" },
  AUTHORIZER_FAILURE: { code: "internal" },
  BAD_REQUEST_BODY: {
    code: "invalid-input",
    status: 400,
    detail: "The input does not fit its schema, or is no JSON.",
  },
  BAD_REQUEST_PARAMETERS: { code: "idempotency-required" },
  DEFAULT_5XX: { code: "storage-unavailable", headers: RETRY },
  EXPIRED_TOKEN: { code: "unauthenticated" },
  INTEGRATION_FAILURE: { code: "storage-unavailable", headers: RETRY },
  INTEGRATION_TIMEOUT: { code: "storage-unavailable", headers: RETRY },
  MISSING_AUTHENTICATION_TOKEN: { code: "not-found" },
  REQUEST_TOO_LARGE: { code: "too-large" },
  RESOURCE_NOT_FOUND: { code: "not-found" },
  THROTTLED: { code: "saturated", headers: RETRY },
  UNAUTHORIZED: {
    code: "unauthenticated",
    headers: { "gatewayresponse.header.WWW-Authenticate": "'Bearer'" },
  },
  UNSUPPORTED_MEDIA_TYPE: { code: "unsupported-media-type" },
};

export function gatewayResponses(): Readonly<Record<string, Resource>> {
  return Object.fromEntries(
    Object.entries(SAID).map(([type, { code, detail, headers, status }]) => {
      const id = type.replaceAll(/_?([A-Z0-9])([A-Z0-9]*)/g, (_, first, rest) => first + rest.toLowerCase());
      return [
        `DirectSays${id}`,
        {
          Type: "AWS::ApiGateway::GatewayResponse",
          Properties: {
            ResponseParameters: { "gatewayresponse.header.Content-Type": PROBLEM_TYPE, ...headers },
            ResponseTemplates: { "application/json": problemText(code, detail, status) },
            ResponseType: type,
            RestApiId: ref(DIRECT_API),
            StatusCode: `${status ?? problem(code).status}`,
          },
        },
      ];
    }),
  );
}

export function problemText(code: ProblemCode, detail?: string, status?: number): string {
  return JSON.stringify({ ...problem(code, detail), ...(status !== undefined && { status }) });
}
