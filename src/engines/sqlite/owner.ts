/**
 * The thread that owns the writing connection. It takes one group at a time, makes it durable and answers; after
 * a failure of which the outcome cannot be known it says so once and never touches the file again.
 */
import { parentPort, workerData } from "node:worker_threads";
import { SpillwayError } from "../../core/errors.ts";
import { packAnswers } from "./answers.ts";
import { apply } from "./apply.ts";
import { unpackGroup } from "./changes.ts";
import { Checkpoints } from "./checkpoint.ts";
import { openWriter } from "./connection.ts";
import { describe, failureOf, isConstraint, refusalOf } from "./failures.ts";
import type { OwnerChange, OwnerData, PackedAnswer, Reply, Request } from "./messages.ts";
import { migrateOwn } from "./migrations.ts";
import { migrate } from "./schema.ts";
import { failedBy, TransactionLost } from "./statements.ts";
import { Store } from "./store.ts";
import { sweep } from "./sweep.ts";

class Owner {
  readonly #data: OwnerData;
  readonly #store: Store;
  readonly #checkpoints: Checkpoints;

  constructor(data: OwnerData) {
    this.#data = data;
    const database = openWriter(data.file, data.maxPages);
    migrate(database, data.file, data.secret);
    migrateOwn(database, data.migrations);
    this.#store = new Store(database);
    this.#checkpoints = new Checkpoints(database, data.checkpointPages);
  }

  opened(): Reply {
    const { secret, jobs } = this.#store;
    return { kind: "opened", secret, lastSequence: jobs.lastSequence(), keys: jobs.keys.index.memory };
  }

  /** Throws what is fatal. */
  handle(request: Request): Reply {
    switch (request.kind) {
      case "commit":
        return {
          kind: "answers",
          answers: packAnswers(this.#commit(unpackGroup(request.group), request.now)),
        };
      case "sweep":
        return this.#sweep(request);
      case "close":
        this.#checkpoints.last();
        this.#store.close();
        return { kind: "closed" };
    }
  }

  afterReply(): void {
    this.#checkpoints.afterCommit();
  }

  #commit(group: readonly OwnerChange[], now: number): readonly PackedAnswer[] {
    try {
      return this.#store.transact(() => group.map((change) => this.#apply(change, now)));
    } catch (error) {
      const failure = failureOf(error);
      if (failure === "fatal") throw error;
      if (failure === "unavailable") return group.map(() => refused("storage-unavailable", refusalOf(error)));
      const [only] = group;
      if (group.length === 1 && only) return [answerTo(error, only)];
      return group.flatMap((change) => this.#commit([change], now));
    }
  }

  #apply(change: OwnerChange, now: number): PackedAnswer {
    return apply(this.#store, change, this.#data.retention, now);
  }

  #sweep(request: Extract<Request, { kind: "sweep" }>): Reply {
    try {
      return this.#store.transact(() => sweep(this.#store, request, this.#data.retention));
    } catch (error) {
      const failure = failureOf(error);
      if (failure === "fatal") throw error;
      return { kind: "unavailable", message: failure === "unavailable" ? refusalOf(error) : describe(error) };
    }
  }
}

/** To a change that was alone in its group: what its statements did may only be found at the end of a transaction. */
function answerTo(error: unknown, change: OwnerChange): PackedAnswer {
  if (error instanceof TransactionLost) return error.answer;
  const sql = change.kind === "settle" ? change.settlement.sql : undefined;
  if (!sql || !isConstraint(error)) return refused("internal", describe(error));
  const [first, ...more] = sql;
  const blamed = first && more.length === 0 ? first : { text: "its statements together", params: [] };
  return failedBy(error, blamed);
}

function refused(code: "storage-unavailable" | "internal", detail: string): PackedAnswer {
  return { kind: "refused", code, detail };
}

function start(): void {
  const port = parentPort;
  if (!port) throw new Error("owner.ts is the file of a worker thread; the engine starts it.");
  const reply = (message: Reply) => port.postMessage(message);
  let owner: Owner;
  try {
    owner = new Owner(workerData as OwnerData);
    reply(owner.opened());
  } catch (error) {
    reply({ kind: "notOpened", message: describe(error), isConfiguration: error instanceof SpillwayError });
    return port.close();
  }
  let isOver = false;
  port.on("message", (request: Request) => {
    if (isOver) return;
    try {
      reply(owner.handle(request));
      isOver = request.kind === "close";
      if (isOver) port.close();
      // Whoever waits has the answer by now.
      else owner.afterReply();
    } catch (error) {
      isOver = true;
      reply({ kind: "fatal", message: describe(error) });
    }
  });
}

start();
