/** Through PgBouncer in transaction mode, which gives each transaction whatever connection is free. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { missingPostgres } from "../postgres/support/installation.ts";
import { Nodes } from "../postgres/support/nodes.ts";
import { missingPooler, startPooler } from "../postgres/support/pooler.ts";
import { Postmaster } from "../postgres/support/postmaster.ts";

const WIRE = ["test/wire/flows.test.ts"];
/** So few that statements meet those of others, and wait for each other. */
const CONNECTIONS = 5;

const SAID_WITHIN_MS = 10_000;

suite("through a pooler in transaction mode", { skip: missingPostgres() || missingPooler }, () => {
  test("the engine keeps its promises, and the contract holds", async (t) => {
    const postmaster = await Postmaster.start();
    t.after(() => postmaster.remove());
    const pooler = await startPooler(postmaster.port, CONNECTIONS);
    t.after(() => pooler.remove());
    const through = { SPILLWAY_TEST_POSTGRES: pooler.url, SPILLWAY_TEST_LISTEN: postmaster.url };
    const suites = [
      { args: ["conformance"], env: { ENGINES: "postgres" } },
      { args: ["wire", ...WIRE], env: { SPILLWAY_DEPLOYMENT: "postgres" } },
    ];
    for (const { args, env } of suites) {
      const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
      const suiteProcess = spawn(process.execPath, ["scripts/suite.ts", ...args], {
        env: { ...inherited, ...env, ...through },
        stdio: ["ignore", "pipe", "inherit"],
      });
      const printed = suiteProcess.stdout.setEncoding("utf8").toArray();
      const [code] = await once(suiteProcess, "exit");
      const output = (await printed).join("");
      assert.equal(code, 0, output.slice(-4_000));
      t.diagnostic(`${args[0]}: ${/^ℹ pass \d+$/m.exec(output)?.[0]}`);
    }
  });

  test("three nodes lose nothing of which one is killed now and then, and say that they hear nothing", async (t) => {
    const postmaster = await Postmaster.start();
    t.after(() => postmaster.remove());
    const pooler = await startPooler(postmaster.port);
    t.after(() => pooler.remove());
    const nodes = await Nodes.start(t, { url: pooler.url });
    const late = performance.now() + SAID_WITHIN_MS;
    while (!nodes.all.every(({ server }) => server.output.includes("LISTEN hears nothing"))) {
      assert.ok(performance.now() < late, "each says that it hears nothing");
      await pause(20);
    }
    await nodes.underLoad(async () => {
      for (let time = 0; time < 2; time++) {
        await pause(2_000);
        const node = nodes.random.pick(nodes.all);
        await node.kill();
        await node.start();
      }
    });
    await nodes.assertKept(t, "behind a pooler");
  });
});
