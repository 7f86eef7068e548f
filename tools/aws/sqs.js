// An SQS on a free port of this machine. Says its port once it listens, and ends when its standard input does.
// A request with the header x-test-now happens at that time: so a test's own clock rules delays and visibility.
import { AsyncLocalStorage } from "node:async_hooks";
import { buildApp } from "fauxqs";
import { SqsQueue, SqsStore } from "./node_modules/fauxqs/dist/sqs/sqsStore.js";

const at = new AsyncLocalStorage();
const now = Date.now;
Date.now = () => at.getStore() ?? now();

// It counts as it last looked: what has become visible since would be seen only by whoever receives.
const attributesOf = SqsQueue.prototype.getAllAttributes;
SqsQueue.prototype.getAllAttributes = function (names) {
  this.processTimers();
  return attributesOf.call(this, names);
};

// Most queues of a suite's many stores are never used: those are there from when they are first asked for.
const named = SqsStore.prototype.getQueue;
SqsStore.prototype.getQueue = function (url) {
  const { name } = SqsStore.parseQueueUrl(url);
  if (name?.startsWith("on-demand-") && !this.queuesByName.has(name)) {
    this.createQueue(name, url, `arn:aws:sqs:${this.region ?? "us-east-1"}:000000000000:${name}`);
  }
  return named.call(this, url);
};

const app = buildApp({ logger: false });
app.addHook("onRequest", (request, _reply, done) => {
  const time = request.headers["x-test-now"];
  if (time === undefined) done();
  else at.run(Number(time), done);
});
// SQS gives nothing to who has hung up. This one would, and whoever asks next would wait for it to be visible again.
app.addHook("onSend", async (request, _reply, payload) => {
  const received =
    request.headers["x-amz-target"] === "AmazonSQS.ReceiveMessage" && request.raw.socket.destroyed;
  for (const { ReceiptHandle } of (received && JSON.parse(String(payload)).Messages) || []) {
    const headers = { ...request.headers, "x-amz-target": "AmazonSQS.ChangeMessageVisibility" };
    delete headers["content-length"];
    const again = { QueueUrl: request.body.QueueUrl, ReceiptHandle, VisibilityTimeout: 0 };
    await app.inject({ method: "POST", url: "/", headers, payload: JSON.stringify(again) });
  }
  return payload;
});
await app.listen({ port: 0, host: "127.0.0.1" });
console.log(`listening ${app.server.address().port}`);
process.stdin.resume().on("end", () => process.exit());
