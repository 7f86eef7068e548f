/** `spillway/node` as a program on PostgreSQL has it: the app that it serves keeps its jobs there. */
import { spillway } from "../../../src/app/app.ts";
import { postgres } from "../../../src/engines/postgres/index.ts";
import { serve as serveAsItIs } from "../../../src/node/index.ts";

export * from "../../../src/node/index.ts";

export const serve: typeof serveAsItIs = (app, options) => {
  const { SPILLWAY_TEST_URL: url = "", SPILLWAY_TEST_SCHEMA: schema = "" } = process.env;
  if (app.options.engine === undefined) return serveAsItIs(app, options);
  return serveAsItIs(spillway({ ...app.options, engine: postgres(url, { schema }) }), options);
};
