/** The command line of `spillway synth`: what is taken, and what is refused with the value and the next step. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { UsageError } from "../../src/cli/command.ts";
import { synthCommandOf } from "../../src/cli/synth-options.ts";

describe("spillway synth takes", () => {
  test("a module alone, with every choice made for it", () =>
    assert.deepEqual(synthCommandOf(["./app.ts"]), { file: "./app.ts", out: "./aws", choices: {} }));

  test("every choice", () => {
    const text =
      "app.ts --out dir --direct a --direct b --share orders-db=6/10 --parallel 1 --window 5s --memory 1024 --reserve no --env A_B=c=d --policy arn:aws:iam::123456789012:policy/Mail";
    assert.deepEqual(synthCommandOf(text.split(" ")), {
      file: "app.ts",
      out: "dir",
      choices: {
        direct: ["a", "b"],
        shares: { "orders-db": { atOnce: 6, of: 10 } },
        environment: { A_B: "c=d" },
        policies: ["arn:aws:iam::123456789012:policy/Mail"],
        parallel: 1,
        windowSeconds: 5,
        memoryMiB: 1_024,
        reserve: false,
      },
    });
  });
});

describe("spillway synth refuses", () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ["", /needs the module with your app: spillway synth \.\/app\.ts/],
    ["app.ts more.ts", /takes one module, and these are more: more\.ts/],
    ["app.ts --shares x", /Unknown option '--shares'\. `spillway synth --help` lists the options/],
    ["app.ts --share orders-db=6", /--share is "orders-db=6"\. Write a limit.*--share orders-db=6\/10/],
    ["app.ts --parallel 11", /--parallel is "11"\. Use a whole number from 1 to 10/],
    ["app.ts --parallel 0", /--parallel is "0"/],
    ["app.ts --window 301s", /--window is "301s"\. Use whole seconds, from 0 to 300s/],
    ["app.ts --window 500ms", /--window is "500ms"/],
    ["app.ts --window soon", /--window is "soon", which is no duration/],
    ["app.ts --memory 64", /--memory is "64"\. Use a whole number from 128 to 10240/],
    ["app.ts --reserve maybe", /--reserve is "maybe"\. Use yes or no/],
    ["app.ts --env LOG_LEVEL", /--env is "LOG_LEVEL"\. Write a name and its value/],
    ["app.ts --env X=1", /--env is "X=1"/],
    ["app.ts --env SPILLWAY_TABLE=x", /--env names SPILLWAY_TABLE, which AWS or the template sets/],
    ["app.ts --policy Mail", /--policy is "Mail"\. Give the ARN of a policy/],
    ["app.ts --env AWS_REGION=x", /--env names AWS_REGION/],
  ];
  for (const [line, expected] of rows) {
    test(line === "" ? "no module" : line, () =>
      assert.throws(
        () => synthCommandOf(line.split(" ").filter((word) => word !== "")),
        (error) => error instanceof UsageError && expected.test(error.message),
      ),
    );
  }
});
