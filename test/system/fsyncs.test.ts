/**
 * What being durable costs, seen from below with strace: calls that come together share an fsync. Counted, not timed;
 * a slower disk only makes the groups larger.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { newFolder, Server } from "../faults/server.ts";

const CALLS = 10_000;
const CONNECTIONS = 64;
/** About 30 share one on two cores. */
const LEAST_SHARED = 8;

const required = process.env["SPILLWAY_REQUIRE"]?.split(",").includes("strace");
const works = spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0;
const skip =
  required || works ? false : "needs strace and the right to trace; SPILLWAY_REQUIRE=strace insists on it";

suite("seen from below,", { skip }, () => {
  test("10,000 accepts on 64 connections, and what runs of them, take few fsyncs", async (t) => {
    const folder = newFolder(t);
    const log = `${folder}.strace`;
    const under = ["strace", "-f", "-y", "-e", "trace=fsync,fdatasync", "-o", log];
    const server = new Server(folder, { under });
    t.after(() => server.kill());
    const client = await server.client(CONNECTIONS);
    t.after(() => client.close());
    let left = CALLS;
    const connection = async () => {
      while (left-- > 0) {
        const heard = await client.post("/operations/tally-event", { tag: `call-${left}`, worth: 1 });
        assert.ok(heard.kind === "answer" && heard.status === 202);
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, connection));
    await server.kill();
    const files = [...readFileSync(log, "utf8").matchAll(/f(?:data)?sync\(\d+<([^>]+)>/g)].map(
      ([, file]) => file,
    );
    const ofLog = files.filter((file) => file?.endsWith("-wal")).length;
    assert.ok(ofLog > 0 && ofLog <= CALLS / LEAST_SHARED, `${ofLog} fsyncs of the log`);
    const ofDatabase = files.filter((file) => file?.endsWith(".db")).length;
    assert.ok(ofDatabase <= ofLog / 4, `${ofDatabase} fsyncs of the database`);
  });
});
