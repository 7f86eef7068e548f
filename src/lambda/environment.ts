/** What the template tells its functions, read once per process. Refuses what cannot be meant. */
import { configurationError } from "../core/errors.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Whoever shows it is an administrator; without one nobody is. */
export function adminTokenOf(environment: Environment): string | undefined {
  const token = environment["SPILLWAY_ADMIN_TOKEN"];
  if (token === undefined || token === "") return undefined;
  // RFC 6750 §2.1: what may follow "Bearer".
  if (/^[\w.~+/-]+=*$/.test(token)) return token;
  throw configurationError(
    "SPILLWAY_ADMIN_TOKEN has characters that a bearer token cannot have.",
    "Set it to letters, digits and - . _ ~ + /, for example what this prints: openssl rand -hex 32.",
  );
}

/** Jobs that one invocation of a queue's function runs at once. */
export function parallelOf(environment: Environment): number {
  const given = environment["SPILLWAY_PARALLEL"];
  const parallel = Number(given || 1);
  if (Number.isInteger(parallel) && parallel >= 1 && parallel <= 1_000) return parallel;
  throw configurationError(
    `SPILLWAY_PARALLEL is ${JSON.stringify(given)}.`,
    "Set it to a whole number from 1 to 1000: how many jobs an invocation runs at once.",
  );
}

/** Every queue's URL, once. Whether the text is what it should be is the engine's to say. */
export function queueUrlsOf(environment: Environment): readonly string[] {
  const given: unknown = JSON.parse(environment["SPILLWAY_QUEUES"] || "{}");
  return [...new Set(Object.values(given ?? {}).filter((url) => typeof url === "string"))];
}

/** Where frames to sockets are posted; none where there are no sockets. */
export function socketEndpointOf(environment: Environment): string | undefined {
  const endpoint = environment["SPILLWAY_SOCKET_ENDPOINT"];
  if (!endpoint) return undefined;
  if (/^https?:$/.test(URL.parse(endpoint)?.protocol ?? "")) return endpoint;
  throw configurationError(
    `SPILLWAY_SOCKET_ENDPOINT is ${JSON.stringify(endpoint)}.`,
    "Set it to the https:// address of the WebSocket API's stage: https://{api}.execute-api.{region}.amazonaws.com/{stage}.",
  );
}

/** How long a call may wait in a queue that a gateway fills by itself; 0 where there is none. */
export function unseenMsOf(environment: Environment): number {
  const given = environment["SPILLWAY_DIRECT_SECONDS"];
  const seconds = Number(given || 0);
  if (Number.isInteger(seconds) && seconds >= 0) return seconds * 1_000;
  throw configurationError(
    `SPILLWAY_DIRECT_SECONDS is ${JSON.stringify(given)}.`,
    "Set it to the retention of the queue that is filled directly, in whole seconds.",
  );
}
