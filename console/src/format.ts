/** Numbers, lengths of time and moments, as people read them. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const time = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
const clock = new Intl.DateTimeFormat("en", time);
const fineClock = new Intl.DateTimeFormat("en", { ...time, fractionalSecondDigits: 3 });
const day = new Intl.DateTimeFormat("en", { year: "numeric", month: "short", day: "numeric" });

export function count(value: number): string {
  return whole.format(value);
}

/** For where there is no room: 12.3K. */
export function compact(value: number): string {
  return value < 10_000 ? whole.format(value) : short.format(value);
}

export function perSecond(value: number): string {
  return `${value > 0 && value < 10 ? value.toFixed(1) : compact(value)}/s`;
}

export function duration(ms: number | null): string {
  if (ms === null) return "–";
  // What is rounded up to the next unit is said in that.
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

/** For where there is no room: 2.4 min. */
export function shortDuration(ms: number | null): string {
  if (ms === null || ms < 60_000) return duration(ms);
  const minutes = ms / 60_000;
  if (minutes < 60) return `${minutes.toFixed(1)} min`;
  return minutes < 48 * 60 ? `${(minutes / 60).toFixed(1)} h` : duration(ms);
}

/** The time alone if it was today. */
export function moment(at: string, now = new Date()): string {
  return withDay(clock, at, now);
}

/** To the millisecond. */
export function preciseMoment(at: string, now = new Date()): string {
  return withDay(fineClock, at, now);
}

function withDay(clock: Intl.DateTimeFormat, at: string, now: Date): string {
  const then = new Date(at);
  const time = clock.format(then);
  return then.toDateString() === now.toDateString() ? time : `${day.format(then)}, ${time}`;
}

/** Of an axis: a moment of today, without its date. */
export function clockTime(seconds: number): string {
  return clock.format(seconds * 1_000);
}
