import type { Rule } from "../rule.ts";

const MOST = 1_048_576;
/** The name of the operation, the key and the principal, as attributes of a message. */
const ATTRIBUTES = 4_096;
/** A message that names a row. */
const NOTICE = 1_024;

export const messageSize: Rule = {
  id: "message-size",
  severity: "lose",
  why: "SQS refuses a message over the queue's size, and holds none over 1 MiB: a call accepted by the schema is turned away by the queue.",
  source: "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html",
  check: ({ template, queues }) =>
    queues.flatMap(({ queue, directBytes }) => {
      const property = "MaximumMessageSize";
      if (queue === undefined) return [];
      const size = template.number(queue, property, MOST);
      const needed = directBytes === undefined ? NOTICE : directBytes + ATTRIBUTES;
      const fix = `${property}: ${MOST}, or leave it out`;
      if (needed > MOST) {
        const says = `can be ${MOST} at most, and inputs of up to ${directBytes} bytes are written to it.`;
        return [
          { at: queue, property, says, fix: "Lower the operation's inputBytes, or take it out of --direct" },
        ];
      }
      if (!(size < needed)) return [];
      return [{ at: queue, property, says: `is ${size}; messages may have ${needed} bytes.`, fix }];
    }),
};
