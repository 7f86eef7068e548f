// docs/wire.md §6: what callers and operators see of statements on tables of the app's own.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { type OneJob, Operator } from "./support/admin.ts";
import type { Client } from "./support/client.ts";
import { unless } from "./support/deployment.ts";
import { accepted, answered, finalReceipt, judgeProblem, refused } from "./support/judge.ts";
import { fresh } from "./support/lab.ts";
import { type Server, startApp } from "./support/server.ts";

const NO_TABLES = "DynamoDB has no tables of the app's own";
const waived = unless({ container: NO_TABLES, functions: NO_TABLES });

suite("§6 an app with tables of its own", { ...waived, concurrency: 8 }, async () => {
  if (waived.skip) return;
  const server: Server = await startApp("seats");
  after(() => server.stop());
  const { client } = server;
  const operator = new Operator(server);
  const known = async (id: string) => answered<OneJob>(await operator.get(`jobs/${id}`));
  const counted = async (guest: string, seats: number) =>
    answered(await client.call("count", { guest, seats }));

  for (const flow of ["request", "spill"]) {
    test(`§6 answers a ${flow} call when its statements are committed, and the problem given where they cannot be`, async () => {
      const [seat, guest] = [fresh(), fresh()];
      assert.deepEqual(answered(await client.call(`take-${flow}`, { seat, guest })), { seat });
      await counted(guest, 1);
      refused(await client.call(`take-${flow}`, { seat, guest }), 409, "seat-taken");
      await counted(guest, 1);
    });
  }

  test("§6 shows the same problem on a receipt, and the constraint to operators only", async () => {
    const [seat, guest] = [fresh(), fresh()];
    const first = await ended(client, "take-event", { seat, guest });
    assert.deepEqual([first.status, first.output], ["succeeded", { seat }]);
    const second = await ended(client, "take-event", { seat, guest });
    judgeProblem(second.error ?? assert.fail("no error"), 409, "seat-taken");
    const third = await ended(client, "put-event", { seat, guest });
    const problem = judgeProblem(third.error ?? assert.fail("no error"), 409, "condition-failed");
    assert.doesNotMatch(JSON.stringify(problem), /seats|unique|INSERT/i);
    const { attempts } = await known(third.id);
    assert.equal(attempts.length, 1, "a constraint is violated for good");
    assert.match(attempts[0]?.error?.detail ?? "", /unique.*seats/i);
    assert.doesNotMatch(JSON.stringify(attempts), new RegExp(guest));
  });

  test("§6 tells operators the statement that was run, never its values", async () => {
    const [seat, guest] = [fresh(), fresh()];
    const { id } = await ended(client, "take-event", { seat, guest });
    const { effects } = await known(id);
    assert.equal(effects.length, 1);
    const [effect] = effects as readonly { readonly kind: string; readonly text: string }[];
    assert.equal(effect?.kind, "sql");
    assert.match(effect?.text ?? "", /^INSERT INTO .*seats.* \(id, guest\) VALUES \(\$1, \$2\)$/);
  });

  test("§6 gives each of ten seats to one of a hundred who want them at once", async () => {
    const guest = fresh();
    const wanted = Array.from({ length: 100 }, (_, n) => `${guest}-${n % 10}`);
    const wide = client.wide(100);
    const answers = await Promise.all(
      wanted.map((seat, n) =>
        n % 2 ? wide.call("take-request", { seat, guest }) : ended(wide, "take-event", { seat, guest }),
      ),
    );
    const won = answers.filter(({ status }) => status === 200 || status === "succeeded");
    const busy = answers.filter(({ status }) => status === 503);
    assert.equal(won.length, 10, `${busy.length} found no slot`);
    await counted(guest, 10);
  });

  test("§6 fails a statement that cannot be run as the operation's own fault", async () => {
    for (const text of ["DROP TABLE seats", "SELECT 1; SELECT 2", "COMMIT"]) {
      const { id, error } = await ended(client, "break", { text });
      judgeProblem(error ?? assert.fail("no error"), 500, "handler-failed");
      assert.equal((await known(id)).attempts.length, 1, "it is not tried again");
    }
  });
});

async function ended(client: Client, operation: string, input: unknown) {
  const { id } = accepted(await client.call(operation, input));
  return finalReceipt(client, id);
}
