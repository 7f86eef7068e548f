/** How large things are in bytes, and whether an attempt's effects fit one commit. */
import type { Sent } from "./effects.ts";
import type { EngineLimits } from "./engine.ts";
import type { SqlWrite } from "./sql.ts";
import type { ItemWrite } from "./table.ts";

/** What is wrong, as a sentence with the value; undefined where all fits. */
export function tooLarge(
  writes: readonly ItemWrite[],
  sends: readonly Sent[],
  limits: EngineLimits,
  sql: readonly SqlWrite[] = [],
): string | undefined {
  const count = writes.length + sends.length + sql.length;
  if (count > limits.effects)
    return `${count} writes and sends in one attempt; at most ${limits.effects} fit one commit.`;
  let total = 0;
  for (const write of writes) {
    const bytes = "value" in write ? byteLength(write.value) : 0;
    if (bytes > limits.itemBytes)
      return `The row "${write.key}" has ${bytes} bytes; at most ${limits.itemBytes} fit.`;
    total += bytes;
  }
  for (const statement of sql) {
    const bytes = statementBytes(statement);
    if (bytes > limits.itemBytes)
      return `A statement with its parameters has ${bytes} bytes; at most ${limits.itemBytes} fit.`;
    total += bytes;
  }
  for (const { spec, input } of sends) {
    const bytes = byteLength(input);
    if (bytes > spec.inputBytes) {
      return `What was sent to "${spec.name}" has ${bytes} bytes; it takes at most ${spec.inputBytes}.`;
    }
    total += bytes;
  }
  return total > limits.effectBytes
    ? `All effects together have ${total} bytes; at most ${limits.effectBytes} fit.`
    : undefined;
}

/** With its parameters, near enough: a number counts as eight. */
export function statementBytes({ text, params }: SqlWrite): number {
  let bytes = byteLength(text);
  for (const value of params) {
    bytes +=
      typeof value === "string" ? byteLength(value) : value instanceof Uint8Array ? value.byteLength : 8;
  }
  return bytes;
}

/** Of the text in UTF-8. */
export function byteLength(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // A surrogate pair is two units and four bytes, so each half brings one more.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return bytes;
}
