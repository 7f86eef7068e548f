// The rounds of the peers, with products that only pretend.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import type { Peer, PeerSetting } from "../../bench/peers/peer.ts";
import { peersRun } from "../../bench/peers/run.ts";

const generator = { name: "none", notes: [], run: () => Promise.reject(new Error("There is no load here.")) };

function pretender(
  id: string,
  round: (setting: PeerSetting, count: number) => number,
  missing?: string,
): Peer {
  let count = 0;
  return {
    id,
    name: id,
    settings: "",
    missing: async () => missing,
    round: async (setting) => ({ accept: { perSecond: round(setting, ++count) } }),
  };
}

function run(context: TestContext, ...peers: readonly Peer[]) {
  const folder = mkdtempSync(join(tmpdir(), "spillway-peers-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const said: string[] = [];
  const plan = { peers, rounds: 2, folder, generator, connections: 1, seconds: 1 };
  return { folder, said, measured: peersRun({ ...plan, say: (line) => said.push(line) }) };
}

suite("the rounds of the peers", () => {
  test("are interleaved, each in a folder of its own that is there only while it runs", async (context) => {
    const folders: string[] = [];
    const noting = ({ folder }: PeerSetting) => {
      assert.ok(existsSync(folder));
      return folders.push(folder);
    };
    const { folder, said, measured } = run(context, pretender("own", noting), pretender("other", noting));
    const { peers } = await measured;
    assert.deepEqual(
      said.map((line) => line.replace(/^.*: (\w+) .*$/, "$1")),
      ["own", "other", "own", "other"],
    );
    assert.deepEqual(peers[1]?.rows.accept?.samples, [{ perSecond: 2 }, { perSecond: 4 }]);
    assert.equal(new Set(folders).size, 4);
    assert.deepEqual(readdirSync(folder), []);
  });

  test("skip by name what is missing or fails midway, and show nothing of it by half", async (context) => {
    const failing = pretender("fragile", (_, count) => {
      if (count === 2) throw new Error("it broke");
      return 1;
    });
    const absent = pretender("absent", () => 1, "install it");
    const { peers, skipped } = await run(
      context,
      pretender("own", () => 1),
      failing,
      absent,
    ).measured;
    assert.deepEqual(
      peers.map(({ id }) => id),
      ["own"],
    );
    assert.deepEqual(skipped, ["absent: install it", "fragile: it broke"]);
  });

  test("end where Spillway itself fails: no other product is taken for it", async (context) => {
    const own = pretender("own", () => {
      throw new Error("ours broke");
    });
    await assert.rejects(
      run(
        context,
        own,
        pretender("other", () => 1),
      ).measured,
      /ours broke/,
    );
  });
});
