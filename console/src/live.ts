/**
 * The figures of all operations and resources, once a second by Server-Sent Events, and those of the last minutes.
 * When the server goes away it says so and tries again until it is back.
 */
import { effect, signal } from "@preact/signals";
import { ask, ProblemError } from "./api.ts";
import { session } from "./session.ts";
import type { Figures, Problem, ResourceEntry, ServedOperation } from "./wire.ts";

export type Connection = "connecting" | "live" | "reconnecting";

/** Of seconds: ten minutes. */
const KEPT = 600;
const AGAIN_MS = 1_000;
/** Figures come each second: a stream without any for so long is a dead one, whatever the browser thinks of it. */
const SILENT_MS = 5_000;

export const connection = signal<Connection>("connecting");
/** Why no figures come, where the server itself can say: its store is away. */
export const trouble = signal<string | undefined>(undefined);
export const figures = signal<Figures | undefined>(undefined);
/** The oldest first. */
export const history = signal<readonly Figures[]>([]);

/** For as long as the page is open. */
export function follow(): void {
  let source: EventSource | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;

  const stop = (): void => {
    clearTimeout(again);
    source?.close();
  };
  const lost = (): void => {
    stop();
    connection.value = figures.value === undefined ? "connecting" : "reconnecting";
    again = setTimeout(open, AGAIN_MS);
    // A stream does not tell why it failed: this asks for the token, if that is why.
    ask("/admin/operations", { query: { limit: 1 } }).then(
      () => tell(undefined),
      (error: unknown) => tell(error instanceof ProblemError ? error.problem : undefined),
    );
  };
  const open = (): void => {
    stop();
    source = new EventSource("/admin/live");
    source.addEventListener("figures", ({ data }: MessageEvent<string>) => {
      clearTimeout(again);
      again = setTimeout(lost, SILENT_MS);
      took(JSON.parse(data));
    });
    source.addEventListener("error", lost);
    again = setTimeout(lost, SILENT_MS);
  };
  effect(() => (session.value === "open" ? open() : stop()));
}

/** What a change answered, shown before the next figures come. */
export function changed(kind: "operations", entry: ServedOperation): void;
export function changed(kind: "resources", entry: ResourceEntry): void;
export function changed(kind: "operations" | "resources", entry: ServedOperation | ResourceEntry): void {
  const now = figures.value;
  if (!now) return;
  const entries = now[kind].map((one) => (one.name === entry.name ? entry : one));
  figures.value = { ...now, [kind]: entries };
}

/** Not what was heard before the figures came again. */
function tell(problem: Problem | undefined): void {
  const isAway = connection.value !== "live" && problem?.code === "storage-unavailable";
  trouble.value = isAway ? (problem.detail ?? problem.title) : undefined;
}

function took(latest: Figures): void {
  connection.value = "live";
  trouble.value = undefined;
  figures.value = latest;
  history.value = [...history.value.slice(1 - KEPT), latest];
}
