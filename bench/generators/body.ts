// What is sent: an order of 199 bytes, as orders are.

export const order = JSON.stringify({
  sku: "lamp-with-green-shade",
  quantity: 2,
  customer: "Ada Lovelace, 12 St James's Square, London",
  note: "Leave it with the neighbour on the left if nobody opens the door by noon, and ring twice.",
}).padEnd(199);

/** The same with the time in its note, in ms since 1970. */
export const stampedOrder = (): string =>
  JSON.stringify({
    ...(JSON.parse(order) as object),
    note: String(performance.timeOrigin + performance.now()),
  }).padEnd(199);

/** For the batch route. */
export const batchOf = (size: number): string => `[${Array.from({ length: size }, () => order).join(",")}]`;

export const bodyOf = (batch: number | undefined): string => (batch === undefined ? order : batchOf(batch));
