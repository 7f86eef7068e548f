/**
 * The world outside the server, as the handlers of the test apps meet it: it notes every run, can hold one until a
 * test lets go, and answers the test over the process's own channel, so that no question takes a slot.
 */
export type Run = {
  readonly id: string;
  readonly attempt: number;
  readonly principal: string;
  aborted: boolean;
  ended: boolean;
};

export type Scene = { readonly runs: readonly Run[]; readonly inside: number; readonly peak: number };

type Place = { runs: Run[]; inside: number; peak: number; gate: PromiseWithResolvers<void> };

const places = new Map<string, Place>();

function place(name: string): Place {
  const known = places.get(name);
  if (known) return known;
  const made: Place = { runs: [], inside: 0, peak: 0, gate: Promise.withResolvers<void>() };
  places.set(name, made);
  return made;
}

/** Notes a run at a place for as long as `work` takes. */
export async function visit<T>(name: string, run: Run, work: (number: number) => Promise<T>): Promise<T> {
  const here = place(name);
  const number = here.runs.push(run) - 1;
  here.peak = Math.max(here.peak, ++here.inside);
  try {
    return await work(number);
  } finally {
    here.inside--;
    run.ended = true;
  }
}

/** Resolves when the test has let go of the place, now or earlier. */
export const released = (name: string): Promise<void> => place(name).gate.promise;

const answers: Readonly<Record<string, (about: string) => unknown>> = {
  world: (about) => {
    const { runs, inside, peak } = place(about);
    return { runs, inside, peak } satisfies Scene;
  },
  release: (about) => {
    place(about).gate.resolve();
    return true;
  },
};

/** From now on the test may ask. The channel alone does not keep the process alive. */
export function hearTests(): void {
  process.on("message", (message: { number: number; question: string; about: string }) => {
    const answer = answers[message.question]?.(message.about);
    process.send?.({ number: message.number, answer });
  });
  process.channel?.unref();
}
