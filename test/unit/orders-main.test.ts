/** The programs of the orders example, as somebody sees them who got a setting wrong. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { ProblemError } from "spillway";
import { BurstOrder, Bursts } from "../../examples/orders/burst-control.ts";
import { type Ended, ended } from "../support/ended-program.ts";

const examples = join(import.meta.dirname, "../../examples/orders");
const folder = mkdtempSync(join(tmpdir(), "spillway-orders-"));
after(() => rmSync(folder, { recursive: true }));

function run(program: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<Ended> {
  const child = spawn(process.execPath, [join(examples, program), ...args], {
    env: {
      ...process.env,
      NODE_NO_WARNINGS: "1",
      PORT: "0",
      HOST: "",
      SPILLWAY_DATA: folder,
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return ended(child);
}

suite("examples/orders", { concurrency: 2 }, () => {
  const mistakes: readonly (readonly [environment: NodeJS.ProcessEnv, says: RegExp])[] = [
    [{ PORT: "abc" }, /^orders: The port is "abc".*PORT.*\n$/],
    [{ HOST: "203.0.113.7" }, /^orders: "203\.0\.113\.7" is no address.*\n$/],
    [{ ORDERS_GATE: "0" }, /^orders: ORDERS_GATE is "0"\. Use .*\n$/],
    [{ ORDERS_FAIL_RATE: "2" }, /^orders: ORDERS_FAIL_RATE is "2"\. Use .*\n$/],
    [{ SPILLWAY_DATA: join(folder, "file") }, /^orders: .*file is a file.*\n$/],
  ];
  writeFileSync(join(folder, "file"), "");
  for (const [index, [environment, says]] of mistakes.entries()) {
    test(`main with ${Object.keys(environment)} wrong says so in one line`, async () => {
      const data = { SPILLWAY_DATA: join(folder, `data-${index}`) };
      const { code, out, errors } = await run("main.ts", [], { ...data, ...environment });
      assert.match(errors, says);
      assert.deepEqual([code, out], [1, ""]);
    });
  }
  test("main with a port in use says so in one line", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const address = other.address();
    assert.ok(typeof address === "object" && address !== null);
    const { code, errors } = await run("main.ts", [], { PORT: String(address.port) });
    other.close();
    assert.match(errors, /^orders: Port \d+ on 127\.0\.0\.1 is in use\..*\n$/);
    assert.equal(code, 1);
  });

  for (const program of ["burst.ts", "watch.ts"]) {
    test(`${program} --help is no mistake`, async () => {
      const { code, out, errors } = await run(program, ["--help"], {});
      assert.match(out, /^npm run (burst|watch) -- /);
      assert.deepEqual([code, errors], [0, ""]);
    });
  }
  test("burst takes --own or --url", async () => {
    const { code, errors } = await run("burst.ts", ["--own", "--url", "http://127.0.0.1:1"], {});
    assert.match(errors, /^--own starts a server, and --url names one/);
    assert.equal(code, 2);
  });
  test("a burst is refused by a server that does not know its address", () => {
    assert.throws(
      () => new Bursts().start(BurstOrder.parse({})),
      (error) => error instanceof ProblemError && error.problem.code === "burst-unavailable",
    );
  });
  test("a burst is of use, by its schema, only once the server has said where it is served", () => {
    const deprecated = () =>
      BurstOrder["~standard"].jsonSchema.input({ target: "draft-2020-12" })["deprecated"];
    assert.equal(deprecated(), true);
    new Bursts().servedAt("http://127.0.0.1:1");
    assert.equal(deprecated(), undefined);
  });
});
