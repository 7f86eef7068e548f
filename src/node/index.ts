/** `spillway/node`: an app on a port of a Node.js process. */
export { type Served, serve } from "./serve.ts";
export type { ServeOptions } from "./settings.ts";
