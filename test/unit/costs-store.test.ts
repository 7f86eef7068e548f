// What a job costs the store, counted and not timed: statements and messages do not depend on the machine, so a
// change of structure that would make everything slower fails here, wherever it runs. docs/performance.md tells what
// each of them takes.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { suite, type TestContext, test } from "node:test";
import type { Change, Claim, NewCall } from "../../src/core/engine.ts";
import { packAnswers, unpackAnswers } from "../../src/engines/sqlite/answers.ts";
import { apply } from "../../src/engines/sqlite/apply.ts";
import { packGroup, unpackGroup } from "../../src/engines/sqlite/changes.ts";
import { openWriter } from "../../src/engines/sqlite/connection.ts";
import type { PackedAnswer } from "../../src/engines/sqlite/messages.ts";
import { migrate } from "../../src/engines/sqlite/schema.ts";
import { Store } from "../../src/engines/sqlite/store.ts";
import { call, newFolder } from "../support/sqlite.ts";

/** Calls in a group. */
const MANY = 200;
const RETENTION = { succeededMs: 86_400_000, failedMs: 86_400_000, auditMs: 86_400_000 };
const LEASE_MS = 30_000;

suite("to the store", () => {
  test("a call costs one statement, and its group a handful", (t) => {
    const owner = new CountedOwner(t);
    owner.commit(opens(MANY));
    const one = owner.commit(opens(1)).statements;
    assert.equal(owner.commit(opens(MANY)).statements - one, MANY - 1);
    assert.ok(one <= 6, `${one} statements for a group of one call`);
  });

  test("a call with a key costs three", (t) => {
    const owner = new CountedOwner(t);
    const keyed = (count: number) => opens(count, (n) => ({ id: `${n}-`.padEnd(43, "k"), fingerprint: "f" }));
    const one = owner.commit(keyed(1)).statements;
    assert.ok(owner.commit(keyed(MANY)).statements - one <= 3 * (MANY - 1));
  });

  test("a claim costs the same whatever it takes", (t) => {
    const owner = new CountedOwner(t);
    owner.commit(opens(MANY + 1));
    const one = owner.commit([claim(1)]).statements;
    assert.equal(owner.commit([claim(MANY)]).statements, one);
    assert.ok(one <= 12, `${one} statements for a claim`);
  });

  test("a job that succeeds costs one statement to settle", (t) => {
    const owner = new CountedOwner(t);
    owner.commit(opens(MANY));
    const { claims } = owner.claimed(MANY);
    const one = owner.commit([settle(claims[0] as Claim)]).statements;
    const rest = owner.commit(claims.slice(1).map((one) => settle(one))).statements;
    assert.equal(rest - one, MANY - 2);
    assert.ok(one <= 6, `${one} statements to settle one job`);
  });

  test("a change that fails costs what it did until then, however many jobs are held, and they stay held", (t) => {
    const owner = new CountedOwner(t);
    const taken = call();
    owner.commit([...opens(MANY), { kind: "open", call: taken }]);
    const { claims } = owner.claimed(MANY);
    const failing = settle(claims[0] as Claim, [call({ sequence: taken.sequence })]);
    for (let n = 0; n < 3; n++) {
      const statements = owner.failing([...claims.slice(1, 10).map((one) => settle(one)), failing]);
      assert.ok(statements <= 25, `${statements} statements for a group that fails at its tenth change`);
    }
    // All that a claim took is settled, and it takes another under the same token: none of that has happened either.
    const again = { ...claim(1), token: claims[0]?.lease.token.split(".")[0] } as Change;
    const unplaced: Change = { kind: "open", call: call({ sequence: taken.sequence }) };
    owner.failing([...claims.map((one) => settle(one)), again, unplaced]);
    assert.deepEqual(owner.commit(claims.map((one) => settle(one))).packed, [MANY]);
    assert.equal(owner.claimed(1).claims.length, 1);
  });
});

suite("between the threads", () => {
  test("calls that are alike cross as one row of three values each, and their answers as one number", (t) => {
    const owner = new CountedOwner(t);
    const changes = opens(MANY);
    const packed = packGroup(changes);
    assert.equal(packed.length, 1);
    assert.ok((packed[0] as readonly unknown[]).length <= 3 * MANY + 10);
    assert.deepEqual(owner.commit(changes).packed, [MANY]);
  });

  test("successes cross as one row of four values each, and their answers as one number", (t) => {
    const owner = new CountedOwner(t);
    owner.commit(opens(MANY));
    const changes = owner.claimed(MANY).claims.map((one) => settle(one));
    const packed = packGroup(changes);
    assert.equal(packed.length, 1);
    assert.ok((packed[0] as readonly unknown[]).length <= 4 * MANY + 1);
    assert.deepEqual(owner.commit(changes).packed, [MANY]);
  });

  test("a claimed job crosses as nine values", (t) => {
    const owner = new CountedOwner(t);
    owner.commit(opens(MANY));
    const [answer] = owner.commit([claim(MANY)]).packed;
    assert.ok(typeof answer === "object" && answer.kind === "claimed");
    assert.equal(answer.values.length, 9 * MANY);
  });
});

/** The owner's work on one thread, on a database that counts. */
class CountedOwner {
  readonly #store: Store;
  #statements = 0;

  constructor(t: TestContext) {
    const folder = newFolder(t);
    mkdirSync(folder, { recursive: true });
    const file = join(folder, "spillway.db");
    const database = openWriter(file, undefined);
    migrate(database, file, "secret");
    this.#store = new Store(this.#counting(database));
    t.after(() => database.close());
  }

  commit(changes: readonly Change[]): {
    readonly statements: number;
    readonly packed: readonly PackedAnswer[];
  } {
    const before = this.#statements;
    const now = Date.now();
    const group = unpackGroup(packGroup(changes));
    const answers = this.#store.transact(() =>
      group.map((change) => apply(this.#store, change, RETENTION, now)),
    );
    return { statements: this.#statements - before, packed: packAnswers(answers) };
  }

  claimed(limit: number): { readonly claims: readonly Claim[] } {
    const changes = [claim(limit)];
    const { packed } = this.commit(changes);
    const [answer] = unpackAnswers(packed, { changes, now: Date.now(), retention: RETENTION });
    assert.ok(answer?.kind === "claimed" && answer.claims.length === limit);
    return answer;
  }

  /** Statements of a group that is rolled back. */
  failing(changes: readonly Change[]): number {
    const before = this.#statements;
    assert.throws(() => this.commit(changes), /belongs to another job/);
    return this.#statements - before;
  }

  #counting(database: DatabaseSync): DatabaseSync {
    const count =
      <A extends unknown[], R>(run: (...args: A) => R) =>
      (...args: A): R => {
        this.#statements++;
        return run(...args);
      };
    const prepare = (sql: string): StatementSync => {
      const statement = database.prepare(sql);
      return {
        run: count(statement.run.bind(statement)),
        get: count(statement.get.bind(statement)),
        all: count(statement.all.bind(statement)),
        setReturnArrays: statement.setReturnArrays.bind(statement),
      } as unknown as StatementSync;
    };
    const counting = Object.defineProperty({ prepare }, "isTransaction", {
      get: () => database.isTransaction,
    });
    return counting as unknown as DatabaseSync;
  }
}

function opens(count: number, more: (n: number) => Partial<NewCall> = () => ({})): readonly Change[] {
  const one = (_: unknown, n: number): Change => ({
    kind: "open",
    call: call({ principal: "", ...more(n) }),
  });
  return Array.from({ length: count }, one);
}

let claims = 0;

function claim(limit: number): Change {
  return {
    kind: "claim",
    queues: [{ operation: "work", limit }],
    token: `claim-${++claims}`,
    leaseMs: LEASE_MS,
  };
}

function settle({ job, lease }: Claim, sends: readonly NewCall[] = []): Change {
  const verdict = { kind: "succeeded", output: "1" } as const;
  const attempt = { number: 1, startedAt: 1, endedAt: 2, node: "n" };
  return {
    kind: "settle",
    settlement: { lease, claimed: job, verdict, attempt, reads: [], writes: [], sends },
  };
}
