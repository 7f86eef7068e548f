/** What the rig's own emulators must do, so that what stands on them can be believed. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import {
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { type Rig, rig, type Store, withoutMoto } from "./support/rig.ts";

suite("the emulators", { skip: withoutMoto }, () => {
  let on: Rig;
  let store: Store;
  let dynamodb: DynamoDBClient;
  before(async () => {
    on = await rig();
    store = await on.newStore(["work"]);
    dynamodb = on.dynamodb();
  });
  after(() => store.remove());

  const row = (pk: string, n: number) => ({ pk: { S: pk }, sk: { S: "row" }, n: { N: String(n) } });
  const put = (pk: string, n: number) =>
    dynamodb.send(new PutItemCommand({ TableName: store.table, Item: row(pk, n) }));
  const read = async (pk: string) => {
    const { pk: key, sk } = row(pk, 0);
    const { Item } = await dynamodb.send(
      new GetItemCommand({ TableName: store.table, Key: { pk: key, sk } }),
    );
    return Item?.["n"]?.N;
  };

  test("a failed transaction leaves every row as it was, and says of each why", async () => {
    await put("kept", 1);
    await put("gone", 1);
    const { pk, sk } = row("gone", 1);
    const TableName = store.table;
    const failed = dynamodb.send(
      new TransactWriteItemsCommand({
        TransactItems: [
          { Put: { TableName, Item: row("new", 1) } },
          { Put: { TableName, Item: row("kept", 2) } },
          { Delete: { TableName, Key: { pk, sk } } },
          { Put: { TableName, Item: row("refused", 1), ConditionExpression: "attribute_exists(pk)" } },
        ],
      }),
    );
    await assert.rejects(failed, (error) => {
      assert.ok(error instanceof TransactionCanceledException);
      const codes = error.CancellationReasons?.map(({ Code }) => Code);
      assert.deepEqual(codes, ["None", "None", "None", "ConditionalCheckFailed"]);
      return true;
    });
    assert.deepEqual(await Promise.all(["new", "kept", "gone", "refused"].map(read)), [
      undefined,
      "1",
      "1",
      undefined,
    ]);
    const values = { ":pk": { S: "new" } };
    const query = { TableName, KeyConditionExpression: "pk = :pk", ExpressionAttributeValues: values };
    assert.equal((await dynamodb.send(new QueryCommand(query))).Count, 0);
  });

  test("failing transactions lose nobody's acknowledged write", async () => {
    const TableName = store.table;
    const failing = () =>
      dynamodb
        .send(
          new TransactWriteItemsCommand({
            TransactItems: [
              { Put: { TableName, Item: row("shared", 1) } },
              { Put: { TableName, Item: row("shared-2", 1), ConditionExpression: "attribute_exists(pk)" } },
            ],
          }),
        )
        .catch(() => undefined);
    const names = Array.from({ length: 60 }, (_, index) => `written-${index}`);
    await Promise.all(names.map((name, index) => (index % 2 ? failing() : put(name, index))));
    const seen = await Promise.all(names.map(read));
    assert.deepEqual(
      seen,
      names.map((_, index) => (index % 2 ? undefined : String(index))),
    );
  });

  test("nobody who has hung up is given a message", async () => {
    const sqs = on.sqs();
    const QueueUrl = store.queues["work"];
    const gone = new AbortController();
    const poll = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }), {
      abortSignal: gone.signal,
    });
    // Each is heard after what came before it, on another connection: that the poll hangs, then that it is gone.
    await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    gone.abort();
    await assert.rejects(poll);
    await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "for the living" }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }));
    assert.equal(Messages?.[0]?.Body, "for the living");
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: Messages[0].ReceiptHandle }));
  });

  test("a test's clock rules delays and visibility", async () => {
    let now = Date.UTC(2030, 0, 1);
    const sqs = on.sqs(() => now);
    const QueueUrl = store.queues["work"];
    const receive = async () =>
      (await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages?.length ?? 0;
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "late", DelaySeconds: 60 }));
    assert.equal(await receive(), 0, "delayed");
    now += 60_000;
    assert.equal(await receive(), 1, "due");
    assert.equal(await receive(), 0, "hidden");
    now += 30_000;
    assert.equal(await receive(), 1, "visible again");
  });
});
