/** Ports of loopback that are free now; whoever asked takes them at once. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** All held until the last is found, so that none is found twice. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const held = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(held.map((server) => once(server, "listening")));
  const ports = held.map((server) => (server.address() as AddressInfo).port);
  for (const server of held) server.close();
  await Promise.all(held.map((server) => once(server, "close")));
  return ports;
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port as number;
}
