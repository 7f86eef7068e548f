/** Operations with `sql: true`: what their handlers do to the app's own tables is committed with the outcome, or never was. */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { type Operation, operation, type SqlContext } from "../../src/core/operation.ts";
import { table } from "../../src/core/table.ts";
import { anything } from "../support/schemas.ts";
import { BreakingProxy, type Loss } from "./support/breaking-proxy.ts";
import { missingCluster } from "./support/cluster.ts";
import { OwnWorld } from "./support/own-world.ts";

const SEATS = "CREATE TABLE $.seats (id text PRIMARY KEY, n integer NOT NULL CHECK (n >= 0), big bigint)";
const GUESTS = "CREATE TABLE $.guests (seat text REFERENCES $.seats (id) DEFERRABLE INITIALLY DEFERRED)";
const notes = table<{ key: string; n: number }>("notes", { schema: anything as never, key: "key" });

const sent = operation(
  { name: "sent", input: anything, flow: "event", limits: { concurrency: 1 } },
  () => null,
);

type Handler = (context: SqlContext, world: OwnWorld, input: never) => unknown;

/** An app of one operation, which is called `own`. */
async function started(
  t: TestContext,
  handler: Handler,
  options: object = {},
  through?: (url: string) => Promise<string>,
): Promise<OwnWorld> {
  const world = await OwnWorld.prepare(
    t,
    SEATS,
    GUESTS,
    "INSERT INTO $.seats VALUES ('a', 1, 2), ('b', 1, 2)",
  );
  const own = operation(
    { name: "own", input: anything, flow: "request", limits: { concurrency: 8 }, sql: true, ...options },
    (input, context) => handler(context, world, input as never),
  ) as Operation;
  await world.start([own, sent], {}, await through?.(world.url));
  return world;
}

const seats = async (world: OwnWorld) => {
  const { rows } = await world.query("SELECT id, n FROM $.seats ORDER BY id");
  return Object.fromEntries(rows.map(({ id, n }) => [id, n]));
};

suite("an operation with sql: true", { skip: missingCluster() }, () => {
  test("gets rows as the driver gives them, and how many it changed", async (t) => {
    const world = await started(t, async ({ sql }, { text }) => {
      const of = (one: string) => text.call(world, one);
      const [seat] = await sql<{ n: number; big: string }>(of("SELECT n, big FROM $.seats WHERE id = $1"), [
        "a",
      ]);
      const { count } = await sql(of("UPDATE $.seats SET n = n + $1"), [1]);
      return { seat, count };
    });
    const { body } = await world.call("own", 1);
    assert.deepEqual(body, { seat: { n: 1, big: "2" }, count: 2 });
    assert.deepEqual(await seats(world), { a: 2, b: 2 });
  });

  test("locks what it reads: of many at once none is lost", async (t) => {
    const world = await started(t, async ({ sql }) => {
      const [seat] = await sql<{ n: number }>(world.text("SELECT n FROM $.seats WHERE id = 'a' FOR UPDATE"));
      await sql(world.text("UPDATE $.seats SET n = $1 WHERE id = 'a'"), [(seat?.n ?? 0) + 1]);
    });
    const answers = await Promise.all(Array.from({ length: 8 }, () => world.call("own", 1)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal((await seats(world))["a"], 9);
  });

  test("commits its statements, writes and sends with the outcome of a job", async (t) => {
    const world = await started(
      t,
      async ({ sql, write, send }) => {
        await sql(world.text("UPDATE $.seats SET n = 7 WHERE id = 'a'"));
        write(notes).put({ key: "k", n: 1 });
        write.sql(world.text("UPDATE $.seats SET n = 8 WHERE id = $1"), ["b"], { expect: 1 });
        send(sent, "to it");
        return "done";
      },
      { flow: "event" },
    );
    const { header } = await world.call("own", 1);
    const receipt = await world.ended(String(header("location")).split("/").at(-1));
    assert.deepEqual([receipt["status"], receipt["output"]], ["succeeded", "done"]);
    assert.deepEqual(await seats(world), { a: 7, b: 8 });
    assert.equal((await world.query("SELECT value FROM $.items")).rows[0].value, '{"key":"k","n":1}');
    const { rows } = await world.query("SELECT effects FROM $.outcomes WHERE operation = 'own'");
    assert.match(rows[0].effects, /"put".*"sql".*"send"/);
    await world.until(async () => {
      const found = await world.query("SELECT id FROM $.outcomes WHERE operation = 'sent' AND status = 2");
      return found.rows[0];
    });
  });

  test("leaves nothing when its handler throws, and gives its connection back", async (t) => {
    const world = await started(t, async ({ sql }, _world, input) => {
      await sql(world.text("UPDATE $.seats SET n = n + 1 WHERE id = 'a'"));
      if (input === "throws") throw new Error("It was asked to.");
    });
    for (let n = 0; n < 20; n++) assert.equal((await world.call("own", "throws")).status, 500);
    assert.equal((await world.call("own", "fine")).status, 200);
    assert.equal((await seats(world))["a"], 2);
    assert.ok((await idle(world)) <= 8, "connections are used again");
  });

  test("is rolled back when its time is over, whatever it waits for", async (t) => {
    const world = await started(
      t,
      async ({ sql }, _world, input) => {
        await sql(world.text("UPDATE $.seats SET n = n + 1 WHERE id = 'a'"));
        if (input === "slow") await sql("SELECT pg_sleep(30)");
        if (input === "idle") await new Promise((resolve) => setTimeout(resolve, 1_500));
        await sql(world.text("UPDATE $.seats SET n = n + 1 WHERE id = 'a'"));
      },
      { timeout: "400ms" },
    );
    for (const input of ["slow", "idle"]) {
      const { status, body } = await world.call("own", input);
      assert.deepEqual([status, body["code"]], [504, "handler-timeout"]);
    }
    assert.equal((await world.call("own", "fine")).status, 200);
    assert.equal((await seats(world))["a"], 3);
  });

  test("runs again when it was in a deadlock with another", async (t) => {
    let runs = 0;
    const both = Promise.withResolvers<void>();
    const world = await started(t, async ({ sql }, _world, input: string) => {
      const raise = (id: string) => sql(world.text("UPDATE $.seats SET n = n + 1 WHERE id = $1"), [id]);
      await raise(input);
      if (++runs === 2) both.resolve();
      await both.promise;
      await raise(input === "a" ? "b" : "a");
    });
    const answers = await Promise.all([world.call("own", "a"), world.call("own", "b")]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
    );
    assert.equal(runs, 3);
    assert.deepEqual(await seats(world), { a: 3, b: 3 });
  });

  test("runs again when its connection was ended", async (t) => {
    let runs = 0;
    const world = await started(t, async ({ sql }) => {
      await sql(world.text("UPDATE $.seats SET n = n + 1 WHERE id = 'a'"));
      const [row] = await sql<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      if (++runs === 1) await world.query("SELECT pg_terminate_backend($1)", [row?.pid]);
      return runs;
    });
    assert.deepEqual((await world.call("own", 1)).body, 2 as never);
    assert.equal((await seats(world))["a"], 2);
  });

  test("runs again when what it read of a table has changed", async (t) => {
    let runs = 0;
    const world = await started(t, async ({ sql, read, write }) => {
      const found = await read(notes).get("k");
      await sql(world.text("UPDATE $.seats SET n = n + 1 WHERE id = 'a'"));
      if (++runs === 1)
        await world.query(`INSERT INTO $.items VALUES ('notes', 'k', 99, '{"key":"k","n":5}')`);
      write(notes).put({ key: "k", n: (found?.value.n ?? 0) + 1 });
    });
    assert.equal((await world.call("own", 1)).status, 200);
    assert.equal((await seats(world))["a"], 2);
    assert.equal((await world.query("SELECT value FROM $.items")).rows[0].value, '{"key":"k","n":6}');
  });

  for (const [what, ends, code] of [
    ["that a handler swallows fails the attempt", "swallowed", "handler-failed"],
    ["that nobody waits for fails the attempt", "unawaited", "handler-failed"],
    ["of a constraint that waits for the end ends the call", "deferred", "condition-failed"],
  ] as const) {
    test(`a failure ${what}`, async (t) => {
      const world = await started(t, async ({ sql }) => {
        await sql(world.text("UPDATE $.seats SET n = n + 1 WHERE id = 'a'"));
        const negative = () => sql(world.text("UPDATE $.seats SET n = -1 WHERE id = 'b'"));
        if (ends === "swallowed") await negative().catch(() => {});
        if (ends === "unawaited") void negative();
        if (ends === "deferred") await sql(world.text("INSERT INTO $.guests VALUES ('none')"));
      });
      const { status, body } = await world.call("own", 1);
      assert.deepEqual([status, body["code"]], [code === "condition-failed" ? 409 : 500, code]);
      assert.doesNotMatch(JSON.stringify(body), /guests|seats/);
      assert.deepEqual(await seats(world), { a: 1, b: 1 });
    });
  }

  test("cannot end its transaction itself, nor make two statements of one", async (t) => {
    const world = await started(t, ({ sql }, _world, input: string) => sql(input));
    for (const text of ["COMMIT", "ROLLBACK", "BEGIN", "SET ROLE postgres", "DROP TABLE x"]) {
      assert.equal((await world.call("own", text)).status, 500);
      assert.match(String(world.errors.at(-1)), /sql\(\) cannot run/);
    }
    assert.equal((await world.call("own", "SELECT 1; COMMIT")).status, 500);
    assert.match(String(world.errors.at(-1)), /multiple commands/);
    assert.equal((await world.call("own", "SELECT 1")).status, 200);
  });

  test("a job that lost its lease meanwhile leaves nothing", async (t) => {
    let runs = 0;
    const world = await started(
      t,
      async ({ sql }) => {
        await sql(world.text("UPDATE $.seats SET n = n + 1 WHERE id = 'a'"));
        if (++runs === 1)
          await world.query("UPDATE $.live SET token = 'another', status = 0 WHERE status = 1");
        return runs;
      },
      { flow: "event" },
    );
    const { header } = await world.call("own", 1);
    const receipt = await world.ended(String(header("location")).split("/").at(-1));
    assert.deepEqual([receipt["status"], receipt["output"]], ["succeeded", 2]);
    assert.equal((await seats(world))["a"], 2);
  });

  for (const [loss, runs] of [
    ["the commit", 2],
    ["its answer", 1],
  ] as const satisfies [Loss, number][]) {
    for (const flow of ["request", "event"]) {
      test(`is done once when ${loss} is lost on the way (${flow})`, async (t) => {
        let begun = 0;
        let proxy: BreakingProxy | undefined;
        const world = await started(
          t,
          async ({ sql }) => {
            if (++begun === 1) proxy?.lose(loss, "/* marked */");
            await sql(world.text("/* marked */ UPDATE $.seats SET n = n + 1 WHERE id = 'a'"));
            return "done";
          },
          { flow },
          async (url) => {
            proxy = await BreakingProxy.start(url);
            t.after(() => proxy?.close());
            return proxy.url;
          },
        );
        const { status, header } = await world.call("own", 1);
        if (flow === "request") assert.equal(status, 200);
        else {
          const receipt = await world.ended(String(header("location")).split("/").at(-1));
          assert.equal(receipt["status"], "succeeded");
        }
        assert.deepEqual([proxy?.lost, begun], [1, runs]);
        assert.equal((await seats(world))["a"], 2);
      });
    }
  }

  test("what a handler still runs after its end is not run", async (t) => {
    const late = Promise.withResolvers<void>();
    const world = await started(t, async ({ sql }) => {
      await sql(world.text("UPDATE $.seats SET n = n + 1 WHERE id = 'a'"));
      setTimeout(() => {
        void sql(world.text("UPDATE $.seats SET n = 100"));
        late.resolve();
      }, 50);
    });
    assert.equal((await world.call("own", 1)).status, 200);
    await late.promise;
    assert.match(String(world.errors[0]), /after it had ended/);
    assert.deepEqual(await seats(world), { a: 2, b: 1 });
  });
});

async function idle(world: OwnWorld): Promise<number> {
  const { rows } = await world.query(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE $1 OR query LIKE $2",
    [`%"${world.schema}".seats%`, "ROLLBACK%"],
  );
  return rows[0].n;
}
