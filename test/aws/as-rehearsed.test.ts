// The rehearsal as a person runs it, with every fault. It waits for leases: its name has it begin before what works.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { withoutMoto } from "./support/rig.ts";
import { runNode } from "./support/run-node.ts";

type Report = {
  readonly held: boolean;
  readonly acknowledged: number;
  readonly breaches: readonly { readonly kind: string; readonly detail: string }[];
  readonly faults: Readonly<Record<string, number>>;
  readonly ends: Readonly<Record<string, number>>;
};

/** Processes that have `mark` in what they were started with. */
function processesWith(mark: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/environ`, "latin1")]
          .filter((text) => text.includes(mark))
          .map(() => pid);
      } catch {
        return [];
      }
    });
}

suite("the rehearsal", { skip: withoutMoto }, () => {
  test("holds for 100 calls with every fault, and leaves no process behind", async () => {
    // Everything that it starts has this folder in its environment.
    const folder = mkdtempSync(join(tmpdir(), "spillway-rehearsed-"));
    const { code, output, said } = await runNode(
      ["rehearsal/main.ts", "--calls", "100", "--faults", "all", "--json"],
      {
        TMPDIR: folder,
      },
    );
    assert.ok(output.startsWith("{"), `${code}: ${said}`);
    const report = JSON.parse(output) as Report;
    assert.deepEqual(report.breaches, []);
    assert.deepEqual([code, report.held], [0, true]);
    assert.ok(report.acknowledged > 60, `${report.acknowledged} acknowledged`);
    const missed = Object.entries(report.faults).filter(([, happened]) => happened === 0);
    assert.deepEqual(missed, [], "every fault happened");
    assert.ok((report.ends["failed (handler-failed)"] ?? 0) > 0, "there was poison");
    assert.deepEqual(processesWith(folder), []);
    assert.deepEqual(readdirSync(folder), []);
    rmdirSync(folder);
  });

  test("says that it could not judge, and not that it held, where there is no template", async () => {
    const { code, said } = await runNode(["rehearsal/main.ts", "--template", "no/such/template.json"]);
    assert.equal(code, 2);
    assert.match(said, /no\/such\/template\.json/);
  });
});
