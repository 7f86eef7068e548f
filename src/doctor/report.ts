/** What a doctor found, for a terminal: the gravest first, each rule's reason once, and one line that sums it up. */
import { type Examination, isUnsafe } from "./examine.ts";
import { type Finding, SEVERITIES, type Severity } from "./rule.ts";

export type Style = "bold" | "dim" | "red" | "yellow" | "green";
/** As the terminal shows it, or plainly. */
export type Paint = (style: Style, text: string) => string;

export type Subjects = { readonly app: string; readonly template: string | undefined };

const WIDTH = 100;
/** A queue is asked by five pollers at least, each for 20 s at a time: so many requests a month, at $0.40 a million. */
const IDLE_REQUESTS = 648_000;
const USD_PER_REQUEST = 0.4 / 1_000_000;

const WOULD: Readonly<Record<Severity, string>> = {
  lose: "lose work",
  double: "do work twice",
  overrun: "overrun a limit",
  unseen: "fail unseen",
  cost: "burn money",
};
const COLOURS: Readonly<Record<Severity, Style>> = {
  lose: "red",
  double: "red",
  overrun: "red",
  unseen: "yellow",
  cost: "yellow",
};

export function reportOf(examination: Examination, of: Subjects, paint: Paint): string {
  const { refusals, findings } = examination;
  const judged = of.template ?? "the template that spillway synth makes of it";
  return [
    paint("bold", `${of.app} on AWS: ${judged}`),
    ...(refusals.length > 0 ? [refused(examination, paint)] : []),
    ...SEVERITIES.flatMap((severity) => {
      const own = findings.filter((finding) => finding.severity === severity);
      return own.length === 0 ? [] : [section(severity, own, paint)];
    }),
    ...notes(examination),
    paint(isUnsafe(examination) ? "red" : "green", wrapped(summary(examination), "")),
  ].join("\n\n");
}

function refused({ refusals }: Examination, paint: Paint): string {
  const entries = refusals.map(({ operation, reason, next }) => {
    const whose = operation === undefined ? "" : `${operation}: `;
    return `${wrapped(`${whose}${reason}`, "  ")}\n${wrapped(`Fix: ${next}`, "    ")}`;
  });
  return [paint("red", "AWS cannot do what the app asks for"), ...entries].join("\n\n");
}

function section(severity: Severity, findings: readonly Finding[], paint: Paint): string {
  const rules = [...new Set(findings.map(({ rule }) => rule))];
  const entries = rules.map((rule) =>
    ofRule(
      findings.filter((finding) => finding.rule === rule),
      paint,
    ),
  );
  return [paint(COLOURS[severity], `Would ${WOULD[severity]}`), ...entries].join("\n\n");
}

function ofRule(findings: readonly Finding[], paint: Paint): string {
  const [first] = findings as readonly [Finding, ...Finding[]];
  const found = findings.map(({ resource, property, says }) =>
    paint("bold", wrapped(`${property === null ? resource : `${resource}.${property}`} ${says}`, "  ", "  ")),
  );
  const fixes = findings.map(({ resource, fix }) =>
    wrapped(findings.length === 1 ? `Fix: ${fix}` : `Fix, ${resource}: ${fix}`, "    "),
  );
  return [...found, wrapped(first.why, "    "), ...fixes, paint("dim", `    ${first.source}`)].join("\n");
}

function notes({ unread, looked }: Examination): readonly string[] {
  const unseen = unread.map(({ resource, property }) => `${resource}.${property}`);
  const idle = Math.round(looked.pollers * IDLE_REQUESTS * USD_PER_REQUEST * 100) / 100;
  return [
    ...(unseen.length > 0
      ? [wrapped(`Not judged, since only a deployment knows the value: ${unseen.join(", ")}.`, "")]
      : []),
    ...(looked.pollers > 0
      ? [
          wrapped(
            `Idle, the pollers of its ${looked.pollers} queues (dead letters among them) ask SQS ${((looked.pollers * IDLE_REQUESTS) / 1_000_000).toFixed(1)} million times a month, which is about $${idle.toFixed(2)}.`,
            "",
          ),
        ]
      : []),
  ];
}

function summary({ refusals, findings, looked }: Examination): string {
  if (refusals.length > 0) {
    const settings = refusals.length === 1 ? "one thing" : `${refusals.length} things`;
    return `No template is made of this app: ${settings} to change first.`;
  }
  if (findings.length === 0) {
    return `Nothing here would lose work or do it twice, overrun a limit, fail unseen or burn money: ${looked.rules} rules held against ${looked.resources} resources.`;
  }
  const counts = SEVERITIES.flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count === 0 ? [] : [`${count} would ${WOULD[severity]}`];
  });
  return `${findings.length === 1 ? "One setting" : `${findings.length} settings`}: ${counts.join(", ")}.`;
}

/** @param hanging by how much more all lines but the first are indented. */
function wrapped(text: string, indent: string, hanging = ""): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > WIDTH && line.trim() !== "") {
      lines.push(line);
      line = `${indent}${hanging}`;
    }
    line = line.trim() === "" ? `${line}${word}` : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}
