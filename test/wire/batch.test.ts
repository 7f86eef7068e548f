// docs/wire.md §1, Many at once.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import type { Answer, Headers } from "./support/client.ts";
import { unless } from "./support/deployment.ts";
import { accepted, finalReceipt, judgeProblem, type Problem, receiptOf, refused } from "./support/judge.ts";
import { fresh, Lab } from "./support/lab.ts";
import { RawConnection } from "./support/raw.ts";
import { SECOND, times, until } from "./support/wait.ts";

const lab = await Lab.start();
const { client } = lab;
after(() => lab.stop());

const NDJSON = { "content-type": "application/x-ndjson" };
const ARRAY = { "content-type": "application/json" };

type Item = { readonly id?: string; readonly status: string | number; readonly code?: string };

const batch = (operation: string, body: string | Uint8Array, headers: Headers): Promise<Answer> =>
  client.post(`/operations/${operation}/batch`, body, headers);

function items(answer: Answer): readonly Item[] {
  assert.equal(answer.status, 202, `${answer.status} ${answer.text.slice(0, 500)}`);
  return answer.as<readonly Item[]>();
}

/** Each is a receipt's id, or a problem's code after it has been judged. */
const outcomes = (answer: Answer): readonly string[] =>
  items(answer).map((item) => {
    if (item.id !== undefined) return "receipt";
    const problem = item as Problem;
    return judgeProblem(problem, problem.status, problem.code).code;
  });

const act = (tag: string, plan = ["ok"]) => JSON.stringify({ tag, plan });

suite("§1 a batch", { concurrency: 4 }, () => {
  for (const [name, headers, join] of [
    ["NDJSON", NDJSON, (lines: readonly string[]) => lines.join("\n")],
    ["NDJSON with a newline at the end", NDJSON, (lines: readonly string[]) => `${lines.join("\n")}\n`],
    ["NDJSON with carriage returns", NDJSON, (lines: readonly string[]) => `${lines.join("\r\n")}\r\n`],
    ["a JSON array", ARRAY, (lines: readonly string[]) => ` [ ${lines.join(" , ")} ] `],
  ] as const) {
    for (const flow of ["event", "spill"]) {
      test(`§1 a batch of ${name} to ${flow} answers out[i] for in[i], each a receipt`, async () => {
        const tags = times(25).map(() => fresh());
        const answer = await batch(`wide-${flow}`, join(tags.map((tag) => act(tag))), headers);
        const ids = items(answer).map(({ id }) => id ?? "");
        assert.equal(new Set(ids).size, 25);
        for (const [index, id] of ids.entries()) {
          const receipt = await finalReceipt(client, id);
          assert.deepEqual(receipt.output, { tag: tags[index], id, run: 0 });
        }
      });
    }
  }

  test("§1 a batch is queued even where slots are free", async () => {
    const answer = await batch("wide-spill", act(fresh(), ["hold"]), NDJSON);
    assert.equal(items(answer)[0]?.status, "queued");
  });

  test("§1 bad lines of NDJSON harm only themselves", async () => {
    const lines = [
      act(fresh()),
      "{",
      '{"tag":7}',
      '{"tag":"a","tag":"b"}',
      "nonsense",
      `{"tag":"a","__proto__":{}}`,
      `{"tag":"${"x".repeat(300)}"}`,
      `${"[".repeat(65)}${"]".repeat(65)}`,
      '{"tag":"\\ud800"}',
      "1e400",
      act(fresh()),
    ];
    const bad = (code: string, count: number) => times(count).map(() => code);
    const answer = await batch("wide-event", lines.join("\n"), NDJSON);
    assert.deepEqual(outcomes(answer), [
      "receipt",
      ...["malformed-json", "invalid-input", "malformed-json", "malformed-json", "malformed-json"],
      "invalid-input",
      ...bad("malformed-json", 3),
      "receipt",
    ]);
  });

  test("§1 bad items of an array that is whole harm only themselves", async () => {
    const body = `[${act(fresh())},{"tag":7},{"tag":"a","tag":"b"},null,{"tag":"a","__proto__":1},${act(fresh())}]`;
    assert.deepEqual(outcomes(await batch("wide-event", body, ARRAY)), [
      ...["receipt", "invalid-input", "malformed-json", "invalid-input", "malformed-json", "receipt"],
    ]);
  });

  test("§1 invalid UTF-8 in a line harms only that line", async () => {
    const bytes = Buffer.concat([
      Buffer.from(`${act(fresh())}\n{"tag":"`),
      Buffer.from([0xff]),
      Buffer.from(`"}\n${act(fresh())}`),
    ]);
    assert.deepEqual(outcomes(await batch("wide-event", bytes, NDJSON)), [
      "receipt",
      "malformed-json",
      "receipt",
    ]);
  });

  test("§1 each item is held to the operation's limit", async () => {
    const big = JSON.stringify({ tag: fresh(), filler: "x".repeat(1_100) });
    for (const [body, headers] of [
      [`${act(fresh())}\n${big}\n${act(fresh())}`, NDJSON],
      [`[${act(fresh())},${big},${act(fresh())}]`, ARRAY],
    ] as const) {
      assert.deepEqual(outcomes(await batch("small-event", body, headers)), [
        "receipt",
        "too-large",
        "receipt",
      ]);
    }
  });

  const huge = unless({ container: "ten thousand rows take the emulated table minutes" });
  test(
    "§1 a batch of 10,000 items is accepted whole, and one of 10,001 leaves nothing behind",
    huge,
    async () => {
      const also = fresh("place");
      const body = (count: number, place: string) =>
        times(count)
          .map((index) => `{"tag":"${place}-${index}","also":"${place}"}`)
          .join("\n");
      const none = fresh("place");
      refused(await batch("wide-event", body(10_001, none), NDJSON), 413, "too-large");
      refused(
        await batch("wide-event", `[${body(10_001, none).replaceAll("\n", ",")}]`, ARRAY),
        413,
        "too-large",
      );
      const all = items(await batch("wide-event", body(10_000, also), NDJSON));
      assert.equal(new Set(all.map(({ id }) => id)).size, 10_000);
      await until("all 10,000 ran", async () => (await lab.runs(also)).length === 10_000, 60 * SECOND);
      assert.deepEqual(await lab.runs(none), []);
    },
  );

  test("§1 a batch over 16 MiB is refused and leaves nothing behind", async () => {
    const also = fresh("place");
    const line = (index: number) =>
      JSON.stringify({ tag: `${also}-${index}`, also, filler: "x".repeat(200_000) });
    const body = times(90).map(line).join("\n");
    refused(await batch("wide-event", body, NDJSON), 413, "too-large");
    await settled();
    assert.deepEqual(await lab.runs(also), []);
  });

  test("§1 a broken array is refused and leaves nothing behind", async () => {
    const also = fresh("place");
    const item = JSON.stringify({ tag: fresh(), also });
    for (const body of [`[${item}`, `[${item},`, `[${item}]]`, `[${item}] x`, item, ""]) {
      refused(await batch("wide-event", body, ARRAY), 400, "malformed-json");
    }
    await settled();
    assert.deepEqual(await lab.runs(also), []);
  });

  test("§1 a connection that is cut leaves nothing behind", async () => {
    const also = fresh("place");
    const line = `${JSON.stringify({ tag: fresh(), also })}\n`;
    for (const framing of [`Content-Length: ${line.length * 9}`, "Transfer-Encoding: chunked"]) {
      const chunk = line.repeat(5);
      const connection = await RawConnection.open(lab.server.port);
      const head = `POST /operations/wide-event/batch HTTP/1.1\r\nHost: 127.0.0.1:${lab.server.port}\r\n`;
      const sized = framing.startsWith("T") ? `${chunk.length.toString(16)}\r\n${chunk}\r\n` : chunk;
      connection.write(`${head}Content-Type: application/x-ndjson\r\n${framing}\r\n\r\n${sized}`);
      connection.destroy();
    }
    await settled();
    assert.deepEqual(await lab.runs(also), []);
  });

  test("§1 a batch to a request operation is 405, an unknown or internal one 404", async () => {
    const answer = await batch("wide-request", act(fresh()), NDJSON);
    refused(answer, 405, "method-not-allowed");
    assert.equal(typeof answer.headers.allow, "string");
    refused(await batch("nothing", act(fresh()), NDJSON), 404, "unknown-operation");
    refused(await batch("hidden-event", act(fresh()), NDJSON), 404, "unknown-operation");
    const got = await client.get("/operations/wide-event/batch");
    refused(got, 405, "method-not-allowed");
    assert.match(got.headers.allow ?? "", /\bPOST\b/);
  });

  test("§6 a batch of another media type is 415", async () => {
    for (const type of ["text/plain", "application/ndjson", "application/x-ndjson2", undefined]) {
      refused(
        await batch("wide-event", act(fresh()), { "content-type": type }),
        415,
        "unsupported-media-type",
      );
    }
    refused(await client.post("/operations/wide-event", act(fresh()), NDJSON), 415, "unsupported-media-type");
  });

  test("§1 a key on a batch covers each item by its index", async () => {
    const key = { ...NDJSON, "idempotency-key": fresh("key") };
    const [first, second, third] = [fresh(), fresh(), fresh()];
    const ids = items(await batch("wide-event", `${act(first)}\n${act(second)}`, key)).map(({ id }) => id);
    await Promise.all(ids.map((id) => finalReceipt(client, id ?? "")));
    const again = items(await batch("wide-event", `${act(first)}\n${act(second)}\n${act(third)}`, key));
    assert.deepEqual(
      again.slice(0, 2).map(({ id }) => id),
      ids,
    );
    assert.equal(typeof again[2]?.id, "string");
    const swapped = await batch("wide-event", `${act(first)}\n${act(third)}`, key);
    assert.deepEqual(outcomes(swapped), ["receipt", "idempotency-mismatch"]);
    assert.equal((await lab.runs(first)).length, 1);
    assert.equal((await lab.runs(second)).length, 1);
  });

  test("§1 a batch's key has at most 249 characters", async () => {
    const keyed = (length: number) =>
      batch("wide-event", act(fresh()), { ...NDJSON, "idempotency-key": `"${"b".repeat(length)}"` });
    assert.deepEqual(outcomes(await keyed(249)), ["receipt"]);
    refused(await keyed(250), 400, "malformed-header");
  });

  test("§1 a batch to an operation that requires a key needs one", async () => {
    const without = await batch("keyed-event", act(fresh()), NDJSON);
    if (without.status === 400) refused(without, 400, "idempotency-required");
    else assert.deepEqual(outcomes(without), ["idempotency-required"]);
    const headers = { ...NDJSON, "idempotency-key": fresh("key") };
    assert.deepEqual(outcomes(await batch("keyed-event", act(fresh()), headers)), ["receipt"]);
  });

  test("§6 where a backlog is bounded, what does not fit is refused with 503 backlog-full", async () => {
    await using _ = await lab.occupy("bounded");
    const body = times(4)
      .map(() => act(fresh()))
      .join("\n");
    const answer = await batch("bounded-event", body, NDJSON);
    if (answer.status === 503) refused(answer, 503, "backlog-full");
    else assert.deepEqual(outcomes(answer), ["receipt", "receipt", "backlog-full", "backlog-full"]);
  });
});

/** A call that was accepted after those before it has run: what they left behind would have run too. */
async function settled(): Promise<void> {
  const { id } = accepted(await lab.act("wide-event", fresh(), ["ok"]));
  await finalReceipt(client, id);
  assert.equal((await receiptOf(client, id)).status, "succeeded");
}
