/** An app that serves itself as soon as it is imported, which no command can do anything with. */
import { serve } from "spillway/node";
import { app } from "./small-app.ts";

export { app };

await serve(app, { port: 0 });
