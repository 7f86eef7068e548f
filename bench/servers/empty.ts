// The least that node:http can do: takes the body, answers 200 with none.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { instrument } from "./instrument.ts";

const server = createServer((incoming, response) => {
  incoming.resume();
  incoming.on("end", () => response.end());
});
server.listen(0, "127.0.0.1", () => instrument((server.address() as AddressInfo).port));
