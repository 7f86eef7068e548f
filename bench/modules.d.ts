// The few members that the bench uses of packages that are installed only when it runs: a type check of a fresh
// clone must not need them.
declare module "fastify" {
  import type { Server } from "node:http";

  type Reply = { code(status: number): Reply; send(body: unknown): Reply };
  type Handler = (request: { readonly body: unknown }, reply: Reply) => unknown;
  export function fastify(): {
    readonly server: Server;
    post(path: string, handler: Handler): void;
    listen(address: { readonly port: number; readonly host: string }): Promise<string>;
  };
}
