/**
 * A database whose disk is really full, on a small file system in memory; its log is on another. Nodes refuse what
 * cannot be kept, go on answering, and take calls again when there is room.
 */
import assert from "node:assert/strict";
import { appendFileSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { newFolder } from "../postgres/support/guarded.ts";
import { missingPostgres } from "../postgres/support/installation.ts";
import { Nodes } from "../postgres/support/nodes.ts";
import { Postmaster } from "../postgres/support/postmaster.ts";
import { smallDisk } from "./small-disk.ts";

const required = process.env["SPILLWAY_REQUIRE"]?.split(",").includes("root");
const skip = missingPostgres() || (required ? false : "needs root; SPILLWAY_REQUIRE=root runs it");
const BACK_WITHIN_MS = 5_000;

suite("nodes whose database has a full disk", { skip }, () => {
  test("refuse what it cannot keep, and take calls again within 5 s of there being room", async (t) => {
    const disk = smallDisk(t, "size=120m,mode=755");
    const log = newFolder("spillway-log-");
    t.after(() => rmSync(log, { recursive: true, force: true }));
    const postmaster = await Postmaster.start({ data: join(disk, "data"), log: join(log, "wal") });
    t.after(() => postmaster.remove());
    const nodes = await Nodes.start(t, { url: postmaster.url, roles: ["all", "gateway"] });
    const ballast = join(disk, "ballast");
    await nodes.underLoad(async () => {
      for (let time = 0; time < 2; time++) {
        fill(disk, ballast);
        await until("calls are refused", async () => !(await accepts(nodes)), 60_000);
        const looked = await nodes.askAdmin("/admin/jobs?limit=1");
        assert.ok(looked.kind === "answer" && looked.status === 200, "reads go on");
        rmSync(ballast);
        await until("calls are taken", () => accepts(nodes), BACK_WITHIN_MS);
      }
    });
    await nodes.assertKept(t, "after its disk was full");
  });
});

/** One large call; the ledger knows of it, as of all. */
async function accepts(nodes: Nodes): Promise<boolean> {
  const { ledger } = nodes;
  const tag = `large.${ledger.entries.size}`;
  const entry = ledger.send({ tag, operation: "tally-event", worth: 1 });
  const heard = await nodes.post("/operations/tally-event", { tag, worth: 1, filler: "x".repeat(100_000) });
  ledger.hear(entry, heard);
  return heard.kind === "answer" && heard.status === 202;
}

async function until(what: string, isSo: () => Promise<boolean>, withinMs: number): Promise<void> {
  const late = performance.now() + withinMs;
  while (!(await isSo())) assert.ok(performance.now() < late, `${what} within ${withinMs} ms`);
}

/** To the last block, whatever else is written meanwhile. */
function fill(disk: string, ballast: string): void {
  for (let { bavail, bsize } = statfsSync(disk); bavail > 0; { bavail, bsize } = statfsSync(disk)) {
    try {
      appendFileSync(ballast, Buffer.alloc(bavail * bsize));
    } catch {
      // The database took some of it.
    }
  }
}
