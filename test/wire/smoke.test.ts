// examples/orders/smoke.ts, which people point at a deployment of their own: here at servers of this machine.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { suite, test } from "node:test";
import { ended } from "../support/ended-program.ts";
import { Orders } from "./support/orders.ts";
import { ADMIN_TOKEN } from "./support/server.ts";

const program = join(import.meta.dirname, "../../examples/orders/smoke.ts");

function smoke(args: readonly string[], token = "") {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, SPILLWAY_ADMIN_TOKEN: token },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return ended(child);
}

suite("the smoke script", { concurrency: 2 }, () => {
  test("finds that everything holds at a server that is well, whose addresses a stack's outputs name", async () => {
    const shop = await Orders.start();
    const outputs = join(shop.server.folder, "outputs.json");
    const told = {
      HttpUrl: shop.server.url,
      SocketUrl: `ws://127.0.0.1:${shop.server.port}/socket`,
      TableName: "t",
    };
    writeFileSync(
      outputs,
      JSON.stringify(Object.entries(told).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue }))),
    );
    const { code, out, errors } = await smoke(["--outputs", outputs, "--calls", "10"], ADMIN_TOKEN);
    await shop.stop();
    assert.match(out, /\n11 held, 1 skipped, 0 failed\n$/, out);
    assert.deepEqual([code, errors], [0, ""]);
  });

  test("names each check that fails, with what was answered, and ends with 1", async () => {
    const broken = createServer((_request, response) => response.writeHead(500).end("out of order"));
    await once(broken.listen(0, "127.0.0.1"), "listening");
    const { port } = broken.address() as AddressInfo;
    const { code, out } = await smoke(["--url", `http://127.0.0.1:${port}`]);
    broken.close();
    assert.match(out, /^✖ request-response: .* answered 200, and answered 500 "out of order"$/m);
    assert.match(out, /^✖ the socket: .*No socket at ws:.*500$/m);
    assert.match(out, /\n0 held, 1 skipped, 11 failed\n$/, out);
    assert.equal(code, 1);
  });

  test("says what does not answer, and which option is wrong", async () => {
    const nowhere = await smoke(["--url", "http://127.0.0.1:1"]);
    assert.match(
      nowhere.out,
      /^✖ the first call.*No answer from http:\/\/127\.0\.0\.1:1\/health\/live: .+$/m,
    );
    assert.equal(nowhere.code, 1);
    const wrong = await smoke(["--socket", "http://127.0.0.1:1"]);
    assert.match(wrong.errors, /^--socket is "http:\/\/127\.0\.0\.1:1"; give a URL such as ws:\/\/host\./);
    assert.equal(wrong.code, 2);
  });
});
