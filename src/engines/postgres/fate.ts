/** What became of a transaction whose COMMIT was not answered: its server knows, as soon as it is over. */
import { failureOf, NotConnected } from "./failures.ts";
import type { Line } from "./line.ts";
import type { Lines } from "./lines.ts";
import { pause } from "./pauses.ts";

const PAUSE_MS = 50;

type Fate = "committed" | "aborted" | "in progress" | "away";

/** Asked until it is known. */
export async function wasCommitted(
  lines: Lines,
  transactionId: string,
  isClosed: () => boolean,
): Promise<boolean> {
  for (;;) {
    const fate = await fateOf(lines, transactionId);
    if (fate === "committed") return true;
    if (fate === "aborted") return false;
    if (isClosed()) throw new NotConnected("The engine is closed.");
    await pause(PAUSE_MS);
  }
}

async function fateOf(lines: Lines, transactionId: string): Promise<Fate> {
  let line: Line | undefined;
  try {
    line = await lines.take();
    const asked = { text: "SELECT pg_xact_status($1::xid8)" };
    const { rows } = await line.send<readonly [string | null]>(asked, [transactionId]);
    return (rows[0]?.[0] ?? "aborted") as Fate;
  } catch (error) {
    // A server that never heard of it: another, which took over without it.
    return failureOf(error) === "change" ? "aborted" : "away";
  } finally {
    if (line) lines.giveBack(line);
  }
}
