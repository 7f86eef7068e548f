/**
 * The authorizer of an API whose requests reach no function of ours, such as one that writes to a queue itself: the
 * app's own `authenticate`, asked as the door asks it. Needs no store.
 */
import type { App } from "../app/app.ts";
import { systemClock } from "../core/clock.ts";
import { configurationError } from "../core/errors.ts";
import type { DoorRequest } from "../door/exchange.ts";
import { Gatekeeper, type Identity } from "../door/identity.ts";
import { Refused } from "../door/replies.ts";
import { socketIdentity } from "../door/socket/offer.ts";
import { Complaints, type FunctionContext } from "./complaints.ts";

/** Of an HTTP API with payload format 2.0, or of a REST or WebSocket API: then with the method's ARN. */
export type AuthorizerEvent = {
  readonly headers?: Readonly<Record<string, string | undefined>> | null;
  /** Of a REST API's authorizer of type TOKEN, instead of the headers. */
  readonly authorizationToken?: string;
  readonly methodArn?: string;
};

type Told = { readonly principal: string; readonly expiresAt?: number };

export type AuthorizerResult =
  | { readonly isAuthorized: boolean; readonly context?: Told }
  | {
      readonly principalId: string;
      readonly policyDocument: {
        readonly Version: "2012-10-17";
        readonly Statement: readonly [
          { readonly Action: "execute-api:Invoke"; readonly Effect: "Allow"; readonly Resource: string },
        ];
      };
      readonly context: Told;
    };

export type AuthorizerHandler = (
  event: AuthorizerEvent,
  context: FunctionContext,
) => Promise<AuthorizerResult>;

const clock = systemClock();

export function authorizer(app: App): AuthorizerHandler {
  const { authenticate } = app.options;
  const gatekeeper = new Gatekeeper(authenticate, undefined, false);
  const complaints = new Complaints();
  return async (event, context) => {
    if (!authenticate) {
      throw configurationError(
        "The authorizer was called, and the app has no authenticate.",
        "Give spillway({ authenticate }) one, or let the API do without an authorizer.",
      );
    }
    complaints.begin(context);
    try {
      const request = requestOf(event);
      return allowed(await identityOf(request, gatekeeper), event);
    } catch (error) {
      if (error instanceof Refused) return refused(event);
      complaints.say(error);
      await complaints.said();
      throw error;
    }
  };
}

function requestOf({ headers, authorizationToken }: AuthorizerEvent): DoorRequest {
  const entries = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  const own = authorizationToken === undefined ? {} : { authorization: authorizationToken };
  return {
    method: "GET",
    path: "/",
    query: "",
    headers: { ...Object.fromEntries(entries), ...own },
    fromLoopback: false,
    body: (_limit, taken) => taken({ kind: "read", bytes: new Uint8Array() }),
  };
}

/** Browsers can send a socket's token as a subprotocol only. */
async function identityOf(request: DoorRequest, gatekeeper: Gatekeeper): Promise<Identity> {
  const { headers } = request;
  if (headers["sec-websocket-protocol"] === undefined) return gatekeeper.identify(request);
  return socketIdentity({ ...request, headers: { ...headers, upgrade: "websocket" } }, gatekeeper, clock);
}

function allowed({ principal, expiresAt }: Identity, { methodArn }: AuthorizerEvent): AuthorizerResult {
  const context = { principal, ...(expiresAt !== undefined && { expiresAt }) };
  if (methodArn === undefined) return { isAuthorized: true, context };
  // Of the whole stage: a gateway keeps the answer for the caller's next request too, which may be another method.
  const Resource = `${methodArn.split("/").slice(0, 2).join("/")}/*`;
  const statement = { Action: "execute-api:Invoke", Effect: "Allow", Resource } as const;
  return {
    principalId: principal,
    policyDocument: { Version: "2012-10-17", Statement: [statement] },
    context,
  };
}

/** A REST API answers `401` to this very error alone, and `403` to a policy that denies. */
function refused({ methodArn }: AuthorizerEvent): AuthorizerResult {
  if (methodArn === undefined) return { isAuthorized: false };
  throw new Error("Unauthorized");
}
