/**
 * The far side of API Gateway's sockets: a frame to one connection, or its end. Loaded and made at the first push, for
 * most functions never push.
 */
import type { ApiGatewayManagementApiClient } from "@aws-sdk/client-apigatewaymanagementapi";

/** `gone`: there is no such connection, or no longer. `failed`: it may be there; whoever sends may send again later. */
export type Posted = "sent" | "gone" | "failed";

export interface SocketGateway {
  post(connection: string, text: string): Promise<Posted>;
  close(connection: string): Promise<void>;
}

/** With throttles in between, which the client waits out. */
const MOST_TRIES = 4;
const CONNECT_MS = 1_000;
const ANSWER_MS = 2_000;

export function socketGateway(endpoint: string, onError: (error: unknown) => void): SocketGateway {
  let made: Promise<Loaded> | undefined;
  const loaded = () => {
    made ??= load(endpoint);
    return made;
  };
  const attempt = async (what: string, run: (api: Loaded) => Promise<unknown>): Promise<Posted> => {
    try {
      await run(await loaded());
      return "sent";
    } catch (error) {
      const { name, message } = error as Error;
      if (name === "GoneException") return "gone";
      onError(
        new Error(`${what} failed: ${name}: ${message}. The sweep comes back to it.`, { cause: error }),
      );
      return "failed";
    }
  };
  return {
    post: (connection, text) =>
      attempt(`A push to connection ${connection}`, ({ post }) => post(connection, text)),
    close: async (connection) => {
      await attempt(`Closing connection ${connection}`, ({ close }) => close(connection));
    },
  };
}

type Loaded = {
  readonly post: (connection: string, text: string) => Promise<unknown>;
  readonly close: (connection: string) => Promise<unknown>;
};

async function load(endpoint: string): Promise<Loaded> {
  const api = await import("@aws-sdk/client-apigatewaymanagementapi");
  const client: ApiGatewayManagementApiClient = new api.ApiGatewayManagementApiClient({
    endpoint,
    maxAttempts: MOST_TRIES,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: ANSWER_MS,
      throwOnRequestTimeout: true,
    },
  });
  return {
    post: (ConnectionId, text) =>
      client.send(new api.PostToConnectionCommand({ ConnectionId, Data: new TextEncoder().encode(text) })),
    close: (ConnectionId) => client.send(new api.DeleteConnectionCommand({ ConnectionId })),
  };
}
