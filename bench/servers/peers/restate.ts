// The service that Restate calls, over HTTP/2: `restate.js`.
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { createEndpointHandler, object, service } from "@restatedev/restate-sdk";
import { countRun, instrument } from "../instrument.ts";

const noop = service({
  name: "bench",
  handlers: {
    noop: async () => {
      countRun();
      return { ok: true };
    },
  },
});

/** State of a virtual object is what comes nearest to a row: kept by the product itself, durably, under a key. */
const orders = object({
  name: "orders",
  handlers: {
    place: async (context, order: unknown) => {
      context.set("order", order);
      countRun();
      return { orderId: context.key };
    },
  },
});

const server = createServer(createEndpointHandler({ services: [noop, orders], logger: () => {} }));
server.listen(0, "127.0.0.1", () => instrument((server.address() as AddressInfo).port));
