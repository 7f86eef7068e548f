/**
 * Three nodes on one PostgreSQL, under load, while the clock of one of them jumps by hours, by libfaketime: leases are
 * the database's time, so nobody takes over what another runs, and nothing is kept waiting.
 */
import { globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { cluster, missingCluster } from "../postgres/support/cluster.ts";
import { Nodes } from "../postgres/support/nodes.ts";

const required = process.env["SPILLWAY_REQUIRE"]?.split(",").includes("faketime");
const [library] = globSync("/usr/lib/*/faketime/libfaketime.so.1");
const missing =
  required || library !== undefined ? false : "needs libfaketime; SPILLWAY_REQUIRE=faketime insists on it";

const JUMPS = ["-2h", "+0", "+7h", "+0"];
const BETWEEN_MS = 3_000;

suite("three nodes, of which one has a clock", { skip: missingCluster() || missing }, () => {
  test("that goes back by two hours, and ahead by seven", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "spillway-clock-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, "offset");
    const turn = (offset: string) => writeFileSync(file, `${offset}\n`);
    turn("+0");
    const nodes = new Nodes(t, { url: (await cluster()).url });
    const [odd, ...others] = nodes.all;
    await odd?.start({
      LD_PRELOAD: library ?? "",
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      DONT_FAKE_MONOTONIC: "1",
    });
    for (const node of others) await node.start();
    await nodes.underLoad(async () => {
      for (const jump of JUMPS) {
        await pause(BETWEEN_MS);
        turn(jump);
      }
      await pause(BETWEEN_MS);
    });
    await nodes.assertKept(t, "after a clock jumped");
  });
});
