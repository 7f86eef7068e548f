/**
 * One clock for several processes of one machine: the system's monotonic clock, which all of them read alike and which
 * nobody sets. Milliseconds since some moment before they started.
 */
const OFFSET = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export function moment(): number {
  return OFFSET + performance.now();
}
