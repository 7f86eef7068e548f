// docs/wire.md §3 and §5: the socket where callers have names; `mine`, its cursor, and resuming.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { accepted, finalReceipt, judgeProblem } from "./support/judge.ts";
import { fresh, Lab } from "./support/lab.ts";
import { startApp } from "./support/server.ts";
import { type Frame, type LiveSocket, openSocket, refusedSocket } from "./support/socket.ts";
import { SECOND, times } from "./support/wait.ts";

const lab = await Lab.start("guarded");
const { port } = lab.server;
const tokens = { ann: "token-of-ann-0123456789", bob: "token-of-bob-0123456789" };
const clientOf = (name: keyof typeof tokens, server = lab.server) =>
  server.client.with({ authorization: `Bearer ${tokens[name]}` });
const ann = clientOf("ann");
const bob = clientOf("bob");
after(() => lab.stop());

const base64url = (text: string) => Buffer.from(text).toString("base64url");
const socketOf = (name: keyof typeof tokens, at = port) =>
  openSocket(at, { headers: { authorization: `Bearer ${tokens[name]}` } });
const subprotocols = (token: string) => ["spillway.v1", `bearer.${base64url(token)}`];
const input = (plan = ["ok"]) => ({ tag: fresh(), plan });

async function using(
  sockets: readonly Promise<LiveSocket>[],
  work: (...open: LiveSocket[]) => Promise<void>,
) {
  const open = await Promise.all(sockets);
  try {
    await work(...open);
  } finally {
    for (const socket of open) socket.close();
  }
}

const final =
  (id: string) =>
  ({ type, receipt }: Frame): boolean =>
    type === "status" && receipt?.id === id && receipt.status === "succeeded";

const cursorIn = ({ cursor }: Frame): string => {
  assert.equal(typeof cursor, "string");
  return cursor ?? "";
};

suite("§5 the token of a socket", { concurrency: 8 }, () => {
  test("§5 is the header's, or the second subprotocol, which is never named in the answer", () =>
    using([socketOf("ann"), openSocket(port, { protocols: subprotocols(tokens.ann) })], async (one, two) => {
      for (const socket of [one, two]) {
        assert.equal(socket?.socket.protocol, "spillway.v1");
        const frame = await socket?.ask({ type: "call", operation: "wide-spill", input: input() });
        assert.equal(frame?.type, "answer");
      }
    }));

  test("§5 none, a wrong one, or one in the query is 401", async () => {
    for (const options of [
      {},
      { headers: { authorization: "Bearer wrong" } },
      { protocols: subprotocols("wrong") },
      { protocols: ["spillway.v1", `bearer.${tokens.ann}!`] },
    ]) {
      const { status, headers, text } = await refusedSocket(port, options);
      if (status === 400) judgeProblem(JSON.parse(text), 400, "malformed-header");
      else {
        judgeProblem(JSON.parse(text), 401, "unauthenticated");
        assert.match(headers["www-authenticate"] ?? "", /^Bearer/);
      }
    }
  });

  test("§3 that expires closes the socket with 4401", () =>
    using(
      [openSocket(port, { protocols: subprotocols(`ann-until-${Date.now() + 1_500}`) })],
      async (socket) => {
        const frame = await socket?.ask({ type: "call", operation: "wide-spill", input: input() });
        assert.equal(frame?.type, "answer");
        assert.equal(await socket?.closeCode(5 * SECOND), 4401);
      },
    ));
});

suite("§5 a socket's principal", { concurrency: 8 }, () => {
  test("§5 sees another's receipt exactly as an unknown one", () =>
    using([socketOf("bob")], async (socket) => {
      const { id } = accepted(await ann.call("wide-event", input()));
      const unknown = `${id.slice(0, -2)}${id.endsWith("00") ? "11" : "00"}`;
      const [own, other] = await Promise.all([
        socket?.ask({ type: "subscribe", receipt: id }),
        socket?.ask({ type: "subscribe", receipt: unknown }),
      ]);
      const { ref: _, receipt: __, ...mine } = own as Frame;
      const { ref: ___, receipt: ____, ...theirs } = other as Frame;
      assert.deepEqual(mine, theirs);
      judgeProblem(mine.problem ?? (undefined as never), 404, "unknown-receipt");
    }));

  test("§3 gets a status frame with a cursor for each of its own jobs, and for nobody else's", () =>
    using([socketOf("ann"), socketOf("bob")], async (ofAnn, ofBob) => {
      const answer = await ofAnn?.ask({ type: "subscribe", mine: true });
      assert.equal(answer?.type, "subscribed");
      await ofBob?.ask({ type: "subscribe", mine: true });
      const mine = accepted(await ann.call("wide-event", input())).id;
      const theirs = accepted(await bob.call("wide-event", input())).id;
      cursorIn((await ofAnn?.when("of ann's", final(mine))) as Frame);
      cursorIn((await ofBob?.when("of bob's", final(theirs))) as Frame);
      assert.equal(
        ofAnn?.texts.some((text) => text.includes(theirs)),
        false,
      );
      assert.equal(
        ofBob?.texts.some((text) => text.includes(mine)),
        false,
      );
    }));

  test("§3 begins with every job that is kept, where no cursor is given", async () => {
    const ids = await Promise.all(
      times(5).map(async () => accepted(await ann.call("wide-event", input())).id),
    );
    await Promise.all(ids.map((id) => finalReceipt(ann, id)));
    await using([socketOf("ann")], async (socket) => {
      socket?.send({ type: "subscribe", mine: true });
      for (const id of ids) await socket?.when(`of ${id}`, final(id));
    });
  });

  test("§3 resumes after a cursor and misses nothing that happened in between", async () => {
    const first = accepted(await ann.call("wide-event", input())).id;
    let cursor = "";
    await using([socketOf("ann")], async (socket) => {
      socket?.send({ type: "subscribe", mine: true });
      cursor = cursorIn((await socket?.when("of the first", final(first))) as Frame);
    });
    const away = await Promise.all(
      times(40).map(async () => accepted(await ann.call("wide-event", input())).id),
    );
    await Promise.all(away.map((id) => finalReceipt(ann, id)));
    await using([socketOf("ann")], async (socket) => {
      socket?.send({ type: "subscribe", mine: true, after: cursor });
      for (const id of away) await socket?.when(`of ${id}`, final(id));
      const live = accepted(await ann.call("wide-event", input())).id;
      await socket?.when("of one more", final(live));
    });
  });

  test("§3 that reconnects again and again with its last cursor misses no final state", async () => {
    const calls = times(150).map(async (index) => {
      const answer = await ann.call(index % 3 === 0 ? "wide-event" : "one-event", input());
      return accepted(answer).id;
    });
    const finals = new Set<string>();
    let after: string | undefined;
    const ids = Promise.all(calls);
    for (let round = 0; round < 200; round++) {
      await using([socketOf("ann")], async (socket) => {
        socket?.send({ type: "subscribe", mine: true, ...(after === undefined ? {} : { after }) });
        const marker = accepted(await ann.call("wide-event", input())).id;
        await socket?.when("of the marker", ({ receipt }) => receipt?.id === marker);
        for (const frame of socket?.frames ?? []) {
          after = frame.cursor ?? after;
          if (frame.receipt?.status === "succeeded") finals.add(frame.receipt.id);
        }
      });
      if ((await ids).every((id) => finals.has(id))) return;
    }
    assert.fail(
      `${(await ids).filter((id) => !finals.has(id)).length} of 150 final states were never pushed`,
    );
  });

  test("§3 is told of an after that is no cursor", () =>
    using([socketOf("ann")], async (socket) => {
      for (const after of ["x", "", 7]) {
        const frame = await socket?.ask({ type: "subscribe", mine: true, after });
        judgeProblem(frame?.problem ?? (undefined as never), 400, "malformed-request");
      }
    }));

  test("§3 ends mine by unsubscribe", () =>
    using([socketOf("bob")], async (socket) => {
      await socket?.ask({ type: "subscribe", mine: true });
      const answer = await socket?.ask({ type: "unsubscribe", mine: true });
      assert.equal(answer?.type, "unsubscribed");
      const { id } = accepted(await bob.call("wide-event", input()));
      await finalReceipt(bob, id);
      await socket?.ask({ type: "subscribe", receipt: id });
      assert.equal(
        socket?.frames.some((frame) => frame.receipt?.id === id && frame.cursor !== undefined),
        false,
      );
    }));

  test("§3 resumes on a server that was killed and started again", async () => {
    const before = await startApp("guarded");
    const call = () => clientOf("ann", before).call("wide-event", input(["hold"]));
    const ids = (await Promise.all(times(5).map(call))).map((answer) => accepted(answer).id);
    let cursor: string | undefined;
    await using([socketOf("ann", before.port)], async (socket) => {
      socket?.send({ type: "subscribe", mine: true });
      for (const id of ids) {
        const frame = await socket?.when(`of ${id}`, ({ receipt }) => receipt?.id === id);
        cursor = frame?.cursor ?? cursor;
      }
    });
    before.signal("SIGKILL");
    await before.exited;
    const again = await Lab.start("guarded", { folder: before.folder });
    try {
      await using([socketOf("ann", again.server.port)], async (socket) => {
        socket?.send({ type: "subscribe", mine: true, after: cursor });
        const extra = accepted(await clientOf("ann", again.server).call("wide-event", input())).id;
        await socket?.when("of a new job", final(extra));
        for (const id of ids) await clientOf("ann", again.server).cancel(id);
        for (const id of ids) {
          await socket?.when(
            `cancelled, of ${id}`,
            ({ receipt }) => receipt?.id === id && receipt.status === "cancelled",
          );
        }
      });
    } finally {
      await again.stop();
      await before.stop();
    }
  });
});
