/** What was decided for an app, and what differs from other deployments: said to whoever deploys, never silent. */
import { EVENT_STREAMS, GATEWAY_MS, LONGEST_AT_ONCE_MS } from "./bounds.ts";
import type { Drawn } from "./plan.ts";

/** Of the account's concurrent executions, 1,000 by default, this many must stay unreserved. */
const UNRESERVED = 100;

export function notesOf(drawn: Drawn): readonly string[] {
  return [
    ...onIdentity(drawn),
    ...onTimes(drawn),
    ...onDefaults(drawn),
    ...onIdleShares(drawn),
    ...onReserved(drawn),
    ...onDirect(drawn),
  ];
}

function onIdentity({ app, asked }: Drawn): readonly string[] {
  if (app.authenticate) return [];
  const open = asked.filter(({ spec }) => spec.access === "public").map(({ spec }) => spec.name);
  if (open.length === 0) return [];
  return [`The app has no \`authenticate\`: everyone on the internet may call ${open.join(", ")}.`];
}

function onTimes({ asked }: Drawn): readonly string[] {
  const cut = asked.filter(({ spec, atOnce }) => atOnce && spec.timeoutMs > LONGEST_AT_ONCE_MS);
  if (cut.length === 0) return [];
  const names = cut.map(({ spec }) => spec.name).join(", ");
  return [
    `API Gateway gives up after ${GATEWAY_MS / 1_000} s, so calls at once have ${LONGEST_AT_ONCE_MS / 1_000} s rather than their timeout: ${names}.`,
  ];
}

function onDefaults({ asked, divisions }: Drawn): readonly string[] {
  const names = new Set(asked.filter(({ spec }) => !spec.declaresLimits).map(({ spec }) => spec.name));
  const shares = divisions.filter(({ title, name }) => name.startsWith("operations/") && names.has(title));
  if (shares.length === 0) return [];
  const said = shares.map(({ title, atOnce, queue }) => `${title} (${parts(atOnce, queue)})`);
  return [`No limits declared, so ${shares[0]?.concurrency} each: ${said.join(", ")}.`];
}

function parts(atOnce: number, queue: number): string {
  if (queue === 0) return `${atOnce} at once`;
  return atOnce === 0 ? `${queue} in the queue` : `${atOnce} at once, ${queue} in the queue`;
}

function onIdleShares({ divisions }: Drawn): readonly string[] {
  return divisions
    .filter(({ atOnce, queue, concurrency }) => atOnce + queue < concurrency)
    .map(
      ({ title, atOnce, queue, concurrency }) =>
        `Of the ${concurrency} of "${title}", ${concurrency - atOnce - queue} can never be used (${parts(atOnce, queue)}): its queue obeys other limits too, or no whole number of functions fits.`,
    );
}

function onReserved({ choices, queues }: Drawn): readonly string[] {
  if (choices.reserve === false) {
    return queues.length === 0
      ? []
      : [
          "Nothing is reserved of the account's concurrent executions: other functions, and calls at once, can keep the queues waiting.",
        ];
  }
  const reserved =
    EVENT_STREAMS + queues.reduce((sum, { maximumConcurrency }) => sum + maximumConcurrency, 0);
  return [
    `Reserves ${reserved} of the account's concurrent executions; ${UNRESERVED} must be left over. A new account may have 10 in all: there, until its quota is raised, use --reserve no.`,
  ];
}

function onDirect({ app, asked }: Drawn): readonly string[] {
  const names = asked.filter(({ direct }) => direct).map(({ spec }) => spec.name);
  if (names.length === 0) return [];
  return [
    `A call to DirectUrl (${names.join(", ")}) promises less (docs/wire.md §9): the edge checks input by JSON Schema without saying where it is wrong; nothing runs at once and Prefer is ignored; a key's second receipt ends as the first rather than being the same; and what only the function can check, such as an input over its limit, ends as a failed receipt.`,
    ...(app.allowedOrigins?.length
      ? [`Pages of other origins cannot call DirectUrl: ${app.allowedOrigins.join(", ")} can call HttpUrl.`]
      : []),
  ];
}
