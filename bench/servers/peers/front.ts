// What every queue is put behind: a Fastify route that hands the body over and answers 202 when that is done.
import type { AddressInfo } from "node:net";
import { fastify } from "fastify";

export async function front(enqueue: (body: unknown) => Promise<unknown>): Promise<number> {
  const server = fastify();
  server.post("/operations/noop", async (request, reply) => {
    await enqueue(request.body);
    return reply.code(202).send({ status: "queued" });
  });
  await server.listen({ port: 0, host: "127.0.0.1" });
  return (server.server.address() as AddressInfo).port;
}

/** What is preloaded, in slices that a store takes at once. */
export async function inSlices(
  total: number,
  size: number,
  add: (count: number) => Promise<unknown>,
): Promise<void> {
  for (let left = total; left > 0; left -= size) await add(Math.min(left, size));
}

export const order = {
  sku: "lamp-with-green-shade",
  quantity: 2,
  customer: "Ada Lovelace, 12 St James's Square, London",
  note: "Leave it with the neighbour on the left if nobody opens the door by noon, and ring twice.",
};
