/**
 * Loaded before AWS's runtime client, in the process of a function. The client posts its answers through a part in
 * C++ that its package builds at install; here a few lines stand in for it, so that nothing has to be compiled.
 */
import { registerHooks } from "node:module";

const ours = new URL("./native-client.ts", import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier.endsWith("/rapid-client.node")
      ? { url: ours, format: "module-typescript", shortCircuit: true }
      : next(specifier, context),
});
