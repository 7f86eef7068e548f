// Fastify's no-op answer: the body parsed, an object answered. Nothing is stored, nothing checked. The measure for
// everything else, as it is what a Node.js service costs before it does anything.
import type { AddressInfo } from "node:net";
import { fastify } from "fastify";
import { instrument } from "./instrument.ts";

const server = fastify();
let answered = 0;
server.post("/operations/noop", (_request, reply) =>
  reply.code(202).send({ id: `${++answered}`, status: "queued" }),
);
await server.listen({ port: 0, host: "127.0.0.1" });
instrument((server.server.address() as AddressInfo).port);
