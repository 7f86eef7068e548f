/** A report in a terminal: what was measured, a column a lane; what it would cost; what follows. 100 columns wide at most. */
import { count, dollars, itemsWritten, milliseconds, seconds, share } from "./figures.ts";
import {
  type Cost,
  codesOf,
  type Distribution,
  type FlowReport,
  LANE_TITLES,
  type Lane,
  waitingIn,
} from "./report.ts";

const WIDTH = 100;

const LEGEND = [
  "done, of those done: times of the calls whose work was done; the others are in none of them.",
  "effects, each once: writes and sends that were committed, as the store holds them afterwards.",
  "seen full for: looked at every 20 ms, so shorter moments may be missed.",
  "load late by: how late the lab itself sent its calls; 99 of 100 were sent within that.",
];

const COST_LEGEND = [
  "pushed: the receipt is followed over a socket. polled once: the caller asks for it, once.",
  "No more said: nobody is told of the outcome.",
];

const MIX_LEGEND =
  "spill: what it answered at once is priced as request, the rest as event, told the cheaper way.";

type Row = readonly [name: string, ...cells: readonly string[]];

export function reportTable(report: FlowReport): string {
  return [
    heading(report),
    aligned(laneRows(report)),
    LEGEND.join("\n"),
    costs(report.cost),
    wrapped(report.recommendation.text),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function heading({ operation, app, declaredFlow, profile, repeats, madeOn }: FlowReport): string {
  const { kind, basePerSecond, peakPerSecond, seconds: lasted, offered, seed } = profile;
  const rates =
    kind === "steady"
      ? `${count(peakPerSecond)}/s`
      : `${count(basePerSecond)}/s, at its peak ${count(peakPerSecond)}/s`;
  const repeated = repeats === 1 ? "once" : `${repeats} times`;
  return [
    `${operation} of ${app}, declared ${declaredFlow}`,
    `${kind}: ${rates}, for ${seconds(lasted)}; ${count(offered)} calls to each flow, ${repeated}, seed ${seed}`,
    `${madeOn.cpu}, ${madeOn.cores} cores, ${count(madeOn.memoryGiB)} GiB, ${madeOn.system}, Node.js ${madeOn.node}`,
  ]
    .map(wrapped)
    .join("\n");
}

function laneRows({ lanes, resources, probe }: FlowReport): readonly (readonly Row[])[] {
  const row = (name: string, cell: (lane: Lane) => string): Row => [name, ...lanes.map(cell)];
  const number = (name: string, of: (lane: Lane) => number) => row(name, (lane) => count(of(lane)));
  const codes = codesOf(lanes);
  return [
    [
      row("", ({ name }) => LANE_TITLES[name]),
      number("offered", ({ counts }) => counts.offered),
      number("answered", ({ counts }) => counts.answered),
      number("given a receipt", ({ counts }) => counts.receipts),
      number("refused", ({ counts }) => counts.refused),
      ...codeRows(codes.refused, lanes),
      number("failed", ({ counts }) => counts.failed),
      ...codeRows(codes.failed, lanes),
    ],
    [
      row("done in the end", ({ counts }) => doneOf(counts)),
      number("repeated by the client", ({ counts }) => counts.clientRetries),
      number("repeated by the server", ({ counts }) => counts.retried),
      number("dead letters", ({ counts }) => counts.dead),
      ...(lanes.some(({ sent }) => sent.jobs > 0)
        ? [row("sent to others, done", ({ sent }) => partOf(sent.succeeded, sent.jobs))]
        : []),
      row("effects, each once", ({ effects }) => partOf(effects.counted, effects.expected)),
    ],
    timeRows("acknowledged", lanes, ({ acknowledged }) => acknowledged),
    timeRows("done, of those done", lanes, ({ done }) => done),
    [
      number("deepest queue", ({ queue }) => queue.peakDepth),
      row("oldest in it", ({ queue }) => milliseconds(queue.peakOldestMs)),
      row("drained after", drainedAfter),
      ...resources.flatMap(({ name }) => resourceRows(name, lanes)),
      ...(probe === undefined ? [] : probeRows(probe, lanes)),
    ],
    [row("load late by, p99", ({ generator }) => milliseconds(generator.lateP99Ms))],
  ];
}

function drainedAfter(lane: Lane): string {
  const waiting = waitingIn(lane);
  return waiting > 0 ? `${count(waiting)} left` : seconds(lane.drainSeconds);
}

function doneOf({ succeeded, offered }: Lane["counts"]): string {
  return `${count(succeeded)} (${share(succeeded, offered)})`;
}

function partOf(part: number, all: number): string {
  return part === all ? count(all) : `${count(part)} of ${count(all)}`;
}

function codeRows(codes: readonly string[], lanes: readonly Lane[]): readonly Row[] {
  return codes.map((code) => [`  ${code}`, ...lanes.map(({ counts }) => count(counts.byCode[code] ?? 0))]);
}

function timeRows(what: string, lanes: readonly Lane[], of: (lane: Lane) => Distribution): readonly Row[] {
  return (["p50", "p90", "p99", "max"] as const).map((at) => [
    at === "p50" ? `${what} ${at}` : " ".repeat(what.length + 1) + at,
    ...lanes.map((lane) => (of(lane).count === 0 ? "–" : milliseconds(of(lane)[at]))),
  ]);
}

function resourceRows(name: string, lanes: readonly Lane[]): readonly Row[] {
  const uses = lanes.map(({ resources }) => resources.find((use) => use.name === name));
  return [
    [
      `${name}, at most`,
      ...uses.map((use) =>
        use ? `${count(use.peak)} of ${use.limit === null ? "any" : count(use.limit)}` : "–",
      ),
    ],
    [`${name}, seen full for`, ...uses.map((use) => (use ? seconds(use.fullSeconds) : "–"))],
  ];
}

/** The highest of each number that the probe answered, but for those that never moved. */
function probeRows(probe: string, lanes: readonly Lane[]): readonly Row[] {
  const names = new Set(lanes.flatMap((lane) => Object.keys(lane.probe ?? {})));
  const moved = [...names].filter(
    (name) => new Set(lanes.flatMap(({ series }) => series.probe[name] ?? [])).size > 1,
  );
  return moved.map((name) => [
    `${probe}: ${name}`,
    ...lanes.map((lane) => (lane.probe?.[name] === undefined ? "–" : figure(lane.probe[name]))),
  ]);
}

function costs({ region, ways, breakEven, basis }: Cost): string {
  const cheapest = Math.min(...ways.map(({ usdPerMillion }) => usdPerMillion));
  const rows = ways.map(({ name, usdPerMillion }): Row => {
    const crossing = breakEven.find(({ way }) => way === name);
    return [
      name,
      dollars(usdPerMillion),
      crossing === undefined ? "" : crossingOf(crossing.handlerMs),
      usdPerMillion === cheapest ? "lowest" : "",
    ];
  });
  return [
    wrapped(
      `A million of them on AWS, ${region}: a model, made of listed prices and of what was measured here (a handler of ${milliseconds(basis.handlerMs)}, ${count(basis.inputBytes)} bytes of input, ${itemsWritten(basis.itemsWritten)}).`,
    ),
    aligned([[["", "a million", "cheaper once the handler takes", ""], ...rows]]),
    [...COST_LEGEND, ...(ways.some(({ flow }) => flow === "spill") ? [MIX_LEGEND] : [])].join("\n"),
  ].join("\n\n");
}

/** Than request-response. */
function crossingOf(handlerMs: number | null): string {
  if (handlerMs === null) return "never";
  return handlerMs === 0 ? "any time" : milliseconds(handlerMs);
}

function figure(value: number): string {
  return Number.isInteger(value) ? count(value) : String(Number(value.toFixed(2)));
}

/** The first column to the left, the others to the right; an empty line between groups. */
function aligned(groups: readonly (readonly Row[])[]): string {
  const rows = groups.flat();
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const gap = widths.reduce((sum, width) => sum + width + 3, -3) > WIDTH ? "  " : "   ";
  const line = (row: Row): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join(gap)
      .trimEnd();
  return groups.map((group) => group.map(line).join("\n")).join("\n\n");
}

function wrapped(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.join("\n");
}
