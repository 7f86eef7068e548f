/**
 * node:http, but not by `import`: that reads every export of a module, and two of this one's are the `fetch` library's,
 * which takes 14 MiB and 100 ms to load and which nobody here uses.
 */
export const {
  createServer,
  IncomingMessage,
  ServerResponse,
  STATUS_CODES,
  validateHeaderName,
  validateHeaderValue,
} = process.getBuiltinModule("node:http");
