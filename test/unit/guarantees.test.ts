import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/guarantees.md", root), "utf8");

/** Each file that the page names, with the sentences it quotes from it. */
const named = [...page.matchAll(/`(test\/[\w/-]+\.test\.ts)`(?:: ((?:"[^"]+"(?:, )?)+))?/g)].map(
  ([, file = "", quotes = ""]) => ({
    file,
    sentences: [...quotes.matchAll(/"([^"]+)"/g)].map(([, sentence = ""]) => sentence),
  }),
);

test("every test that a guarantee names exists", () => {
  assert.ok(named.length >= 20, `${named.length} tests are named`);
  for (const { file, sentences } of named) {
    assert.ok(existsSync(new URL(file, root)), `${file} is named, and is not there`);
    const text = readFileSync(new URL(file, root), "utf8");
    for (const sentence of sentences) {
      // Suites name what their tests have in common, so the section may stand there.
      const own = sentence.replace(/^§\d+(?:, §\d+)* /, "");
      assert.ok(text.includes(own), `${file} has no test "${sentence}"`);
    }
  }
});
