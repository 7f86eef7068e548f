/**
 * A value that is there, or will be. Most schemas and many handlers answer at once, and an `await` would cost each
 * of them a frame and a turn of the microtask queue: so what may be there is used where it is.
 */
export type Soon<T> = T | Promise<T>;

/** What `next` makes of it, at once if it is there. Throws what `next` throws at once. */
export function then<T, R>(value: Soon<T>, next: (value: T) => Soon<R>): Soon<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** What the app's own code gave back, which may be anything with a `then` of its own. */
export function settled<T>(value: T | PromiseLike<T>): Soon<T> {
  return isThenable(value) ? Promise.resolve(value) : value;
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject && typeof (value as { then?: unknown }).then === "function";
}
