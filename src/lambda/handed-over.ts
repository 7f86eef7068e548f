/** What a queue's mapping handed over, as messages of jobs: calls that a gateway put there by itself become jobs first. */
import type { AppOptions } from "../app/app.ts";
import type { DeliveredEngine } from "../engines/aws/delivered.ts";
import type { Message } from "../engines/aws/message.ts";
import type { Adoption } from "./direct.ts";
import { isDirect, type SqsRecord } from "./sqs-event.ts";

export type HandedOver = Adoption | { readonly kind: "trouble"; readonly error: unknown };

type Host = { readonly app: AppOptions; readonly engine: DeliveredEngine };

/** In the order of the records. What is no direct call is a notice as it is. */
export async function handedOver(
  messages: ReadonlyMap<SqsRecord, Message>,
  { app, engine }: Host,
): Promise<readonly HandedOver[]> {
  const records = [...messages];
  if (!records.some(([record]) => isDirect(record))) {
    return records.map(([, message]) => ({ kind: "notice", message }));
  }
  const { DirectCalls } = await import("./direct.ts");
  const direct = new DirectCalls(app, engine);
  return Promise.all(
    records.map(([record, message]): HandedOver | Promise<HandedOver> => {
      if (!isDirect(record)) return { kind: "notice", message };
      return direct.adopt(record, message).catch((error) => ({ kind: "trouble", error }));
    }),
  );
}
