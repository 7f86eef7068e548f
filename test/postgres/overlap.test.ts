/** The judge of limits across processes: what it counts, and what it excuses. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { mostAtOnce } from "./support/overlap.ts";

const SECOND = 1_000_000_000n;
const journal = (...lines: string[]) => `${lines.join("\n")}\n`;

suite("the runs that a limit had at once", () => {
  test("are counted over all processes", () => {
    const a = { name: "a", journal: journal("1 began a1", "5 ended a1", "6 began a2", "9 ended a2") };
    const b = { name: "b", journal: journal("2 began b1", "8 ended b1") };
    const c = { name: "c", journal: journal("4 began c1", "7 ended c1") };
    assert.deepEqual(mostAtOnce([a, b, c]), { most: 3, runs: 4, names: ["a/a1", "b/b1", "c/c1"] });
  });

  test("do not include one that ended in the moment in which the next began", () => {
    const a = { name: "a", journal: journal("1 began a1", "5 ended a1", "5 began a2", "9 ended a2") };
    assert.equal(mostAtOnce([a]).most, 1);
  });

  test("end with the process that had them", () => {
    const dead = { name: "a", journal: `${journal("1 began a1")}2 beg`, endedAt: 5n };
    const next = { name: "b", journal: journal("5 began b1", "9 ended b1") };
    assert.equal(mostAtOnce([dead, next]).most, 1);
    assert.equal(mostAtOnce([{ ...dead, endedAt: 6n }, next]).most, 2);
  });

  test("of a process that is cut off count for as long as its slots are lent to it", () => {
    const after = 10n * SECOND;
    const cut = { name: "a", journal: journal("1 began a1", `${after} ended a1`), cutOffAt: [SECOND] };
    const at = (when: bigint) => ({ name: "b", journal: journal(`${when} began b1`, `${after} ended b1`) });
    assert.equal(mostAtOnce([cut, at(3n * SECOND)]).most, 2);
    assert.equal(mostAtOnce([cut, at(6n * SECOND)]).most, 1);
  });
});
