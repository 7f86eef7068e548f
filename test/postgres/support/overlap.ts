/**
 * How many runs a limit had at once, over all processes of a machine, from what each has noted. Pure. A run of a
 * process that died ends with it; one of a process that is cut off from the store counts for as long as its slot is
 * lent to it, since nothing can end it from outside.
 */

/** One process, from its start to its end. Times in nanoseconds, of the clock that the machine's processes share. */
export type Life = {
  readonly name: string;
  readonly journal: string;
  readonly endedAt?: bigint;
  /** From when on it could not reach the store, or did not run at all. */
  readonly cutOffAt?: readonly bigint[];
};

export type Overlap = { readonly most: number; readonly runs: number; readonly names: readonly string[] };

/** How long a node holds a slot without being able to ask. */
const LENT_NS = 5_000_000_000n;

type Run = { readonly name: string; readonly from: bigint; readonly to: bigint };

export function mostAtOnce(lives: readonly Life[]): Overlap {
  const runs = lives.flatMap(runsOf);
  const moments = runs
    .flatMap((run) => [
      { at: run.from, run, change: 1 },
      { at: run.to, run, change: -1 },
    ])
    // What ends in the moment in which another begins was not there together with it.
    .sort((a, b) => (a.at === b.at ? a.change - b.change : a.at < b.at ? -1 : 1));
  const now = new Set<Run>();
  let most: readonly Run[] = [];
  for (const { run, change } of moments) {
    if (change > 0) now.add(run);
    else now.delete(run);
    if (now.size > most.length) most = [...now];
  }
  return { most: most.length, runs: runs.length, names: most.map(({ name }) => name) };
}

function runsOf({ name, journal, endedAt, cutOffAt = [] }: Life): readonly Run[] {
  const began = new Map<string, bigint>();
  const ended = new Map<string, bigint>();
  for (const line of journal.split("\n")) {
    const [at, what, run] = line.split(" ");
    // The last line of a process that was killed may be half a line.
    if (at === undefined || run === undefined) continue;
    (what === "began" ? began : ended).set(run, BigInt(at));
  }
  const forever = endedAt ?? 2n ** 63n;
  return [...began].map(([run, from]) => {
    const to = ended.get(run) ?? forever;
    const lost = cutOffAt.filter((at) => at < to && from < at + LENT_NS).map((at) => at + LENT_NS);
    return { name: `${name}/${run}`, from, to: lost.reduce((least, at) => (at < least ? at : least), to) };
  });
}
