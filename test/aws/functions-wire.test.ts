// The wire suite of the orders example, served by functions: the rehearsal's gateway stands before them.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { withoutMoto } from "./support/rig.ts";
import { runNode } from "./support/run-node.ts";

suite("served by functions", { skip: withoutMoto }, () => {
  test("the orders example passes the wire suite on functions, but for what is waived", async () => {
    const { code, output } = await runNode(["--test", "test/wire/example.test.ts"], {
      SPILLWAY_DEPLOYMENT: "functions",
    });
    assert.equal(code, 0, output);
  });
});
