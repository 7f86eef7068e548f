/**
 * Stands between the functions and a store, so that the stores' faults reach the deployed code unchanged: refusals
 * for the rate, conflicts, answers that are lost after the store did what it was asked. It also holds every request
 * against the role of the function that made it.
 */
import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Faults } from "../faults/faults.ts";

export type Asked = {
  /** `TransactWriteItems`, `SendMessage`, … */
  readonly action: string;
  /** Whose credentials signed it: the function's name. */
  readonly caller: string;
  readonly body: string;
};

/** A reason to refuse. */
export type Guard = (asked: Asked) => string | undefined;

type Refusal = {
  readonly status: number;
  readonly type: string;
  readonly body: Readonly<Record<string, unknown>>;
};

export class StoreProxy {
  readonly requests: Record<string, number> = {};
  readonly denied: Record<string, number> = {};
  readonly #service: "dynamodb" | "sqs";
  readonly #target: number;
  readonly #faults: Faults;
  readonly #agent: Agent;
  readonly #server = createServer({ requestTimeout: 0 }, (incoming, outgoing) => {
    this.#take(incoming, outgoing).catch(() => outgoing.destroy());
  });
  guard: Guard = () => undefined;

  constructor(service: "dynamodb" | "sqs", target: number, faults: Faults) {
    this.#service = service;
    // Of moto one request at a time is asked: a connection that is kept would keep all others waiting.
    this.#agent = new Agent({ keepAlive: service === "sqs" });
    this.#target = target;
    this.#faults = faults;
  }

  async listen(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agent.destroy();
  }

  async #take(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Uint8Array);
    const body = Buffer.concat(chunks);
    const asked = askedOf(incoming, body.toString("utf8"));
    const index = /"IndexName":"(\w+)"/.exec(asked.body)?.[1];
    const kind = index === undefined ? asked.action : `${asked.action} of ${index}`;
    this.requests[kind] = (this.requests[kind] ?? 0) + 1;
    const refusal = this.#denial(asked) ?? this.#fault(asked);
    if (refusal !== undefined) return answer(outgoing, refusal);
    const loses = isWrite(asked.action) && this.#faults.strikes("lost-responses");
    const response = await this.#forward(incoming, body);
    if (loses) {
      response.resume();
      await once(response, "close");
      outgoing.socket?.destroy();
      return;
    }
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(outgoing);
  }

  #denial(asked: Asked): Refusal | undefined {
    const why = this.guard(asked);
    if (why === undefined) return undefined;
    const key = `${asked.caller}: ${why}`;
    this.denied[key] = (this.denied[key] ?? 0) + 1;
    const type = "AccessDeniedException";
    return { status: 400, type, body: { __type: `com.amazonaws.rehearsal#${type}`, message: why } };
  }

  #fault({ action, body }: Asked): Refusal | undefined {
    if (this.#service === "sqs")
      return this.#faults.strikes("sqs-throttles")
        ? refusal("com.amazonaws.sqs#RequestThrottled", "The request was throttled.")
        : undefined;
    const model = "com.amazonaws.dynamodb.v20120810#";
    if (this.#faults.strikes("dynamodb-throttles"))
      return this.#faults.chance() < 0.5
        ? refusal(`${model}ProvisionedThroughputExceededException`, "The throughput was exceeded.")
        : refusal(`${model}ThrottlingException`, "Rate exceeded.");
    if (!isWrite(action) || !this.#faults.strikes("conflicts")) return undefined;
    if (action !== "TransactWriteItems")
      return refusal(`${model}TransactionConflictException`, "A transaction is under way on this item.");
    const count = (JSON.parse(body) as { TransactItems: readonly unknown[] }).TransactItems.length;
    const struck = this.#faults.between(0, count - 1);
    const reasons = Array.from({ length: count }, (_, index) =>
      index === struck
        ? { Code: "TransactionConflict", Message: "Transaction is ongoing for the item" }
        : { Code: "None" },
    );
    const codes = reasons.map(({ Code }) => Code).join(", ");
    return refusal(
      `${model}TransactionCanceledException`,
      `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
      { CancellationReasons: reasons },
    );
  }

  #forward(incoming: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { connection: _, ...headers } = incoming.headers;
      const forwarded = request(
        {
          agent: this.#agent,
          host: "127.0.0.1",
          port: this.#target,
          method: incoming.method,
          path: incoming.url,
          headers: { ...headers, "content-length": body.length },
        },
        resolve,
      );
      forwarded.on("error", reject);
      forwarded.end(body);
    });
  }
}

function askedOf({ headers }: IncomingMessage, body: string): Asked {
  const [, action = "unknown"] = String(headers["x-amz-target"] ?? "").split(".");
  const caller = /Credential=([^/,]+)/.exec(headers.authorization ?? "")?.[1] ?? "nobody";
  return { action, caller, body };
}

const READS = new Set([
  "GetItem",
  "BatchGetItem",
  "TransactGetItems",
  "Query",
  "Scan",
  "DescribeTable",
  "ReceiveMessage",
]);
const isWrite = (action: string): boolean => !READS.has(action);

function refusal(type: string, message: string, more: Readonly<Record<string, unknown>> = {}): Refusal {
  return { status: 400, type, body: { __type: type, message, Message: message, ...more } };
}

function answer(outgoing: ServerResponse, { status, type, body }: Refusal): void {
  outgoing.writeHead(status, {
    "content-type": "application/x-amz-json-1.0",
    "x-amzn-errortype": type,
    "x-amzn-requestid": "rehearsal",
  });
  outgoing.end(JSON.stringify(body));
}
