/**
 * An app as the lab takes one: it starts nothing. Its operation writes, counts and sends, and fails where the input says
 * so; another one tells of what it ran.
 */
import { operation, resource, spillway, table } from "spillway";
import { memory } from "spillway/memory";
import * as z from "zod";

const notes = table("notes", { schema: z.object({ id: z.string(), text: z.string() }), key: "id" });
const totals = table("totals", { schema: z.object({ name: z.string(), notes: z.int() }), key: "name" });
const desk = resource("desk", { concurrency: 4 });

let ran = 0;

const tell = operation(
  { name: "tell", input: z.object({ id: z.string() }), flow: "event", access: "internal" },
  () => null,
);

const note = operation(
  {
    name: "note",
    input: z.object({ text: z.string(), fails: z.boolean().optional() }),
    limits: desk,
    retry: { maxAttempts: 2, base: "10ms", cap: "20ms" },
  },
  async ({ text, fails }, { id, write, send, signal }) => {
    ran++;
    signal.throwIfAborted();
    write(notes).insert({ id, text });
    write(totals).add("all", { notes: 1 });
    send(tell, { id });
    if (fails) throw new Error("It was told to.");
    return { id };
  },
);

const status = operation({ name: "status", input: z.object({}), flow: "request" }, () => ({
  ran,
  of: "notes",
}));

export const app = spillway({ operations: [note, tell, status], engine: memory(), onError: () => undefined });
