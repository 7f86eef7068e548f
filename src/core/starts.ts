/** How the starts of a rate are divided between nodes: from one bucket, in blocks, and in turn where it is empty. */

/** Shared by all nodes: what is left of it at a moment. */
export type Bucket = { readonly tokens: number; readonly at: number };

export type Drawn = { readonly bucket: Bucket; readonly starts: number; readonly startInMs: number };

/** A tenth of a second's worth may start together, so that a coarse timer does not lower the rate. */
export function burstOf(perSecond: number): number {
  return Math.max(1, perSecond / 10);
}

/** A bucket that nobody has drawn from. */
export function fullBucket(perSecond: number, now: number): Bucket {
  return { tokens: burstOf(perSecond), at: now };
}

/** `before`: how many others have waited for longer; each of them is left a start. */
export function draw(
  bucket: Bucket,
  perSecond: number,
  { wanted, unused }: { readonly wanted: number; readonly unused: number },
  before: number,
  now: number,
): Drawn {
  const at = Math.max(bucket.at, now);
  const refill = ((at - bucket.at) / 1_000) * perSecond;
  const tokens = Math.min(burstOf(perSecond), bucket.tokens + refill + unused);
  const starts = Math.max(0, Math.min(wanted, Math.floor(tokens - before)));
  const missing = Math.min(1 + before, burstOf(perSecond)) - tokens;
  const startInMs = wanted > 0 && starts === 0 ? Math.max(1, Math.ceil((missing * 1_000) / perSecond)) : 0;
  return { bucket: { tokens: tokens - starts, at }, starts, startInMs };
}
