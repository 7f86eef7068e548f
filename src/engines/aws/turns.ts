/** Many requests, so many at once as one process can have under way. Positional. */

const AT_ONCE = 48;

export async function inTurns<T, R>(
  all: readonly T[],
  run: (one: T, place: number) => Promise<R>,
  atOnce = AT_ONCE,
): Promise<readonly R[]> {
  const results = new Array<R>(all.length);
  let next = 0;
  const lane = async () => {
    for (let place = next++; place < all.length; place = next++) {
      results[place] = await run(all[place] as T, place);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, lane));
  return results;
}

/** The same where one that fails is no reason to give up the others: `undefined` in its place, unless all have failed. */
export async function eachInTurns<T, R>(
  all: readonly T[],
  run: (one: T, place: number) => Promise<R | undefined>,
): Promise<readonly (R | undefined)[]> {
  const errors: unknown[] = [];
  const results = await inTurns(all, (one, place) =>
    run(one, place).catch((error: unknown) => {
      errors.push(error);
      return undefined;
    }),
  );
  if (errors.length > 0 && errors.length === all.length) throw errors[0];
  return results;
}

/** Side by side, so that none keeps another from its work: a failure is told when all have ended. */
export async function sideBySide<T extends readonly Promise<unknown>[] | []>(works: T) {
  await Promise.allSettled(works);
  return Promise.all(works);
}
