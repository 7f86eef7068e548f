/** Makes the template's queues, as they stand there, but for one thing: what they hide they hide for less, all by one factor. */
import { CreateQueueCommand } from "@aws-sdk/client-sqs";
import { ACCOUNT, REGION } from "../template/resolve.ts";
import type { Json, Resource, Template } from "../template/template.ts";
import type { Stores } from "./stores.ts";

const TAKEN = [
  "DelaySeconds",
  "FifoQueue",
  "MaximumMessageSize",
  "MessageRetentionPeriod",
  "ReceiveMessageWaitTimeSeconds",
  "RedrivePolicy",
] as const;

export type MadeQueue = {
  readonly name: string;
  readonly arn: string;
  /** As functions are told it: through the proxy. */
  readonly url: string;
  readonly visibilityMs: number;
  readonly deadLettersArn: string | undefined;
};

/** Dead-letter queues first: a redrive policy names one that is there. */
export async function createQueues(
  template: Template,
  { sqs }: Stores,
  faster: number,
): Promise<readonly MadeQueue[]> {
  const resources = template.all("AWS::SQS::Queue").toSorted((a, b) => rank(a) - rank(b));
  const made: MadeQueue[] = [];
  for (const { name, properties } of resources) {
    const { ref, attributes } = template.resolver.identity(name);
    const visibilitySeconds = Math.max(1, Math.round(Number(properties["VisibilityTimeout"] ?? 30) / faster));
    const taken = TAKEN.flatMap((key) =>
      properties[key] === undefined ? [] : [[key, asAttribute(properties[key])]],
    );
    await sqs.send(
      new CreateQueueCommand({
        QueueName: attributes["QueueName"],
        Attributes: { ...Object.fromEntries(taken), VisibilityTimeout: String(visibilitySeconds) },
      }),
    );
    const policy = properties["RedrivePolicy"] as { deadLetterTargetArn?: string } | undefined;
    made.push({
      name,
      arn: attributes["Arn"] ?? "",
      url: ref,
      visibilityMs: visibilitySeconds * 1_000,
      deadLettersArn: policy?.deadLetterTargetArn,
    });
  }
  return made;
}

const rank = ({ properties }: Resource): number => (properties["RedrivePolicy"] === undefined ? 0 : 1);

const asAttribute = (value: Json): string =>
  typeof value === "object" ? JSON.stringify(value) : String(value);

export const queueIdentity = (resource: Resource, port: number) => {
  const given = resource.properties["QueueName"];
  const name = typeof given === "string" ? given : `rehearsal-${resource.name}`;
  return {
    ref: `http://127.0.0.1:${port}/${ACCOUNT}/${name}`,
    attributes: {
      Arn: `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`,
      QueueName: name,
      QueueUrl: `http://127.0.0.1:${port}/${ACCOUNT}/${name}`,
    },
  };
};
