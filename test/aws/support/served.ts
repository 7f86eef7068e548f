/** `spillway/node` as a program on AWS has it: the app that it serves keeps its jobs there. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { spillway } from "../../../src/app/app.ts";
import { aws } from "../../../src/engines/aws/index.ts";
import { serve as serveAsItIs } from "../../../src/node/index.ts";

export * from "../../../src/node/index.ts";

export const serve: typeof serveAsItIs = (app, options) => {
  const { operations, engine } = app.options;
  if (engine === undefined) return serveAsItIs(app, options);
  const prefix = process.env["SPILLWAY_TEST_QUEUES"];
  const queues = Object.fromEntries(operations.map(({ spec }) => [spec.name, `${prefix}-${spec.name}`]));
  return serveAsItIs(spillway({ ...app.options, engine: aws({ queues, clients: { dynamodb } }) }), options);
};

/** One at a time is answered here, so a crowd waits for longer than on AWS. */
function dynamodb(): DynamoDBClient {
  return new DynamoDBClient({
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 30_000, requestTimeout: 30_000, httpAgent: { maxSockets: 32 } },
  });
}
