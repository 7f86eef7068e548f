/** The body of an admin request: a JSON object of known members. What the members mean is for the routes. */
import { type JsonValue, readJson } from "../../core/json.ts";
import type { Fault } from "../../core/schema.ts";
import { bytesOf } from "../call-route.ts";
import { bodyOf, type DoorRequest } from "../exchange.ts";
import { bodyType } from "../headers.ts";
import { refuse } from "../replies.ts";
import { invalidInput, pointerTo } from "./query.ts";

const MOST_BYTES = 1024 * 1024;

export type Members = { readonly [name: string]: JsonValue };

/** Adds a fault for each member that is not known. */
export async function membersOf(
  request: DoorRequest,
  known: readonly string[],
  faults: Fault[],
): Promise<Members> {
  bodyType(request, { ndjson: false });
  const read = readJson(bytesOf(await bodyOf(request, MOST_BYTES), MOST_BYTES));
  if (!read.ok) throw refuse("malformed-json", read.detail);
  const { value } = read;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalidInput([{ pointer: "", detail: "It must be a JSON object." }]);
  }
  const members = value as Members;
  for (const name of Object.keys(members)) {
    if (!known.includes(name)) {
      faults.push({
        pointer: pointerTo(name),
        detail: `There is no such member; it takes ${known.join(", ")}.`,
      });
    }
  }
  return members;
}
