/** Preloaded before a program, it has `serve` serve the same app on PostgreSQL instead of on its own engine. */
import { registerHooks } from "node:module";

const served = new URL("./served.ts", import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "spillway/node" ? { url: served, shortCircuit: true } : next(specifier, context),
});
