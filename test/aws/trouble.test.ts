// What the AWS engine makes of errors that its clients really throw.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { settledOptions } from "../../src/engines/aws/options.ts";
import { troubleOf } from "../../src/engines/aws/trouble.ts";

test("a request that waited in vain for a connection of its client was never heard", async (t) => {
  let heard = 0;
  const silent = createServer(() => void heard++).listen(0, "127.0.0.1");
  t.after(() => {
    silent.closeAllConnections();
    silent.close();
  });
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  for (const [name, value] of Object.entries({
    AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}`,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "emulated",
    AWS_SECRET_ACCESS_KEY: "emulated",
  })) {
    process.env[name] = value;
    t.after(() => Reflect.deleteProperty(process.env, name));
  }
  const client = settledOptions({ table: "a-table", queues: {} }, "aws()").clients.dynamodb();
  t.after(() => client.destroy());
  const ask = () => client.send(new GetItemCommand({ TableName: "a-table", Key: { pk: { S: "a" } } }));
  // More than the client has connections.
  const asked = Array.from({ length: 80 }, () => ask().then(() => "answered", troubleOf));
  const troubles = await Promise.all(asked);
  assert.equal(troubles.filter((trouble) => trouble === "unheard").length, 80 - heard);
  assert.equal(troubles.filter((trouble) => trouble === "unknown").length, heard);
});
