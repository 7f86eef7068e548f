/** An app whose callers send markup, and whose handler gives it back everywhere that a handler can. */
import { operation, ProblemError, spillway, table } from "spillway";
import { serve } from "spillway/node";
import { sqlite } from "spillway/sqlite";
import * as z from "zod";

const Said = z.object({ text: z.string(), fails: z.boolean().optional() });
const notes = table("notes", { schema: z.object({ key: z.string(), text: z.string() }), key: "key" });

const say = operation(
  { name: "say".padEnd(63, "y"), flow: "event", input: Said },
  ({ text, fails }, { id, write }) => {
    if (fails)
      throw new ProblemError({ status: 422, code: text, title: text, detail: text, more: { [text]: text } });
    write(notes).insert({ key: id, text });
    return { [text]: text };
  },
);

const reports = process.env["REPORTS"];

await serve(
  spillway({
    operations: [say],
    engine: sqlite(process.env["SPILLWAY_DATA"] ?? ""),
    authenticate: ({ token }) => ({ principal: Buffer.from(token, "base64url").toString() }),
  }),
  reports === undefined ? {} : { reports },
);
