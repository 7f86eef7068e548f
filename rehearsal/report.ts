/** What came of a rehearsal: as a table for a person, as one object for a program. */
import type { Entry } from "./load/ledger.ts";
import { FASTER } from "./opened.ts";
import type { Options } from "./options.ts";
import type { Rehearsed } from "./rehearsal.ts";

const SHOWN = 25;

export function reportOf(options: Options, rehearsed: Rehearsed) {
  const { breaches, ledger, faults, stage, listeners, limits, redriven, seconds } = rehearsed;
  const { entries } = ledger;
  const count = (wanted: (entry: Entry) => boolean): number => entries.filter(wanted).length;
  const sum = (of: (listener: (typeof listeners)[number]) => number): number =>
    listeners.reduce((total, listener) => total + of(listener), 0);
  return {
    held: breaches.length === 0,
    calls: options.calls,
    seed: options.seed,
    acknowledged: count(({ last }) => last === "acknowledged"),
    answeredAtOnce: count(({ outputs, receipt }) => outputs.size > 0 && receipt === undefined),
    direct: count(({ isDirect }) => isDirect),
    receipts: count(({ receipt }) => receipt !== undefined),
    refused: count(({ last }) => last === "refused"),
    unknown: count(({ last }) => last === "unknown"),
    problems: tally(entries.flatMap(({ problems }) => problems)),
    ends: tally(
      entries.flatMap(({ final }) =>
        final === undefined ? [] : [`${final.status}${final.error ? ` (${final.error.code})` : ""}`],
      ),
    ),
    heard: tally(entries.flatMap(({ heardBy }) => heardBy ?? [])),
    lost: breaches.filter(({ kind }) => kind === "lost").length,
    doubled: breaches.filter(({ kind }) => kind === "doubled").length,
    limits,
    redriven,
    faults: faults.happened,
    sockets: {
      opened: sum(({ counts }) => counts.opened),
      lost: sum(({ counts }) => counts.lost),
      askedAgain: sum(({ counts }) => counts.askedAgain),
      pushes: stage.socket?.counts.pushed ?? 0,
      gone: stage.socket?.counts.gone ?? 0,
    },
    functions: Object.fromEntries(
      [...stage.functions].map(([name, one]) => [name, { ...one.counts, atOnce: one.peak }]),
    ),
    queues: Object.fromEntries(
      stage.pollers.map(({ queue, counts, peak, maximum }) => [
        queue.name,
        { ...counts, atOnce: peak, maximum },
      ]),
    ),
    requests: Object.fromEntries(stage.proxies.flatMap(({ requests }) => Object.entries(requests))),
    seconds,
    faster: FASTER,
    breaches,
    lastWords: Object.fromEntries(
      [...stage.functions].flatMap(([name, { lastWords }]) => (lastWords === "" ? [] : [[name, lastWords]])),
    ),
  };
}

export type Report = ReturnType<typeof reportOf>;

export function lines(report: Report): readonly string[] {
  const { seconds, limits, redriven, sockets } = report;
  const listed = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(", ") || "none";
  const rows: readonly (readonly [string, string])[] = [
    [
      "calls",
      `${report.calls}: ${report.answeredAtOnce} answered at once, ${report.receipts} receipts (${report.direct} straight into the queue), ${report.refused} refused, ${report.unknown} without a known answer`,
    ],
    ["problems met", listed(report.problems)],
    ["ends", listed(report.ends)],
    ["heard by", listed(report.heard)],
    ["acknowledged and lost", String(report.lost)],
    ["effects doubled", String(report.doubled)],
    ...limits.map(
      ({ name, peak, limit, uses }) => [name, `${peak} at once of ${limit}, over ${uses} uses`] as const,
    ),
    ["redriven", `${redriven.counted} of ${redriven.asked}, ${redriven.succeeded} succeeded`],
    [
      "sockets",
      `${sockets.opened} opened, ${sockets.lost} lost, ${sockets.pushes} pushes, ${sockets.gone} answered 410, ${sockets.askedAgain} asked again`,
    ],
    ["faults", listed(report.faults)],
    ...Object.entries(report.functions).map(
      ([name, { invocations, atOnce, started, failed, timedOut, died, throttled }]) =>
        [
          name,
          `${invocations} invocations, ${atOnce} at once, ${started} processes, ${failed} failed, ${timedOut} timed out, ${died} died, ${throttled} throttled`,
        ] as const,
    ),
    ...Object.entries(report.queues).map(
      ([name, { batches, messages, failedItems, atOnce, maximum }]) =>
        [
          name,
          `${messages} messages in ${batches} batches, ${failedItems} kept, ${atOnce} batches at once of ${maximum}`,
        ] as const,
    ),
    ["requests", listed(report.requests)],
    [
      "seconds",
      `${seconds.start} to start, ${seconds.load} of load, ${seconds.settle} to settle, ${seconds.judge} to redrive and judge`,
    ],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    "",
    `Messages were hidden ${report.faster.visibility} times shorter than the template says, schedules ran ${report.faster.schedules} times as often. Seed ${report.seed}.`,
    ...(report.held ? ["Held."] : [`Broken: ${report.breaches.length} breaches.`]),
    ...report.breaches.slice(0, SHOWN).map(({ kind, detail }) => `  ${kind}: ${detail}`),
    ...(report.held
      ? []
      : Object.entries(report.lastWords).map(([name, said]) => `\n${name} said:\n${said}`)),
  ];
}

function tally(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
