/**
 * What AWS cannot honour of an app, each with its values and the next step: found before anything is deployed, rather
 * than by whoever calls it.
 */
import { inputSchemaOf } from "../core/schema.ts";
import {
  GATEWAY_MS,
  LEAST_INVOCATIONS,
  LONGEST_AT_ONCE_MS,
  LONGEST_FUNCTION_S,
  OVERHEAD_S,
} from "./bounds.ts";
import { chosenShare, type LimitUse, queueShare } from "./limits.ts";
import type { Asked, AwsRefusal, Choices, Drawn, PlannedQueue } from "./plan.ts";

const CONTAINER = "serve it from one container with aws() as its engine, whose gate holds it";

export function refusalsOf(drawn: Drawn): readonly AwsRefusal[] {
  const { app, choices, asked, uses, queues } = drawn;
  return [
    ...ofTheApp(app.quota),
    ...ofChoices(choices, asked, uses),
    ...uses.flatMap((use) => ofLimit(use, choices)),
    ...queues.flatMap((queue) => ofQueue(queue, uses, choices)),
    ...asked.flatMap((one) => [...ofTimes(one), ...ofBacklog(one), ...ofDirect(one)]),
  ];
}

function ofTheApp(quota: Drawn["app"]["quota"]): readonly AwsRefusal[] {
  if (quota === undefined) return [];
  return [
    {
      operation: undefined,
      reason: `The app has a quota of ${quota.calls} calls in ${quota.seconds} s for each principal, and each function would count for itself: ten of them allow ten times as much.`,
      next: "Leave it out on AWS and bound callers at the edge: AWS WAF's rate rules, or the throttle of the API's stage.",
    },
  ];
}

function ofChoices(
  choices: Choices,
  asked: readonly Asked[],
  uses: readonly LimitUse[],
): readonly AwsRefusal[] {
  const { direct = [], shares = {} } = choices;
  const names = asked.map(({ spec }) => spec.name);
  const divided = uses.filter(({ users }) => users.some(isQueued) && users.some(isAtOnce));
  const used = divided.map((use) => chosenShare(use, choices));
  return [
    ...direct
      .filter((name) => !names.includes(name))
      .map((name) => ({
        operation: undefined,
        reason: `--direct names "${name}", which is no operation of this app.`,
        next: `It has ${names.join(", ")}.`,
      })),
    ...Object.entries(shares)
      .filter(([, share]) => !used.includes(share))
      .map(([name]) => ({
        operation: undefined,
        reason: `--share names "${name}", which is no limit that calls at once and a queue divide.`,
        next:
          divided.length === 0
            ? "Leave it out."
            : `There are ${divided.map(({ title }) => title).join(", ")}.`,
      })),
  ];
}

const isQueued = ({ queued }: Asked) => queued;
const isAtOnce = ({ atOnce }: Asked) => atOnce;

function ofLimit(use: LimitUse, choices: Choices): readonly AwsRefusal[] {
  const { title, concurrency, ratePerSecond, users } = use;
  const refusals: AwsRefusal[] = [];
  const refuse = (reason: string, next: string) =>
    refusals.push({ operation: undefined, reason: `"${title}" ${reason}`, next });
  if (ratePerSecond !== undefined) {
    refuse(
      `has a rate of ${ratePerSecond} starts a second, and nothing on AWS counts the starts of all functions.`,
      `Leave the rate out and let its concurrency bound it (${concurrency} at once of 100 ms each are ${concurrency * 10} a second), or ${CONTAINER}.`,
    );
  }
  const share = chosenShare(use, choices);
  if (share === undefined || !users.some(isQueued)) return refusals;
  if (!isPartOf(use, share)) {
    refuse(
      `is divided ${share.atOnce}/${share.of} by --share, and its concurrency is ${concurrency}.`,
      `Write how many of all are for calls at once: --share ${title}=${Math.floor(concurrency / 2)}/${concurrency}.`,
    );
  } else if (share.atOnce === 0 && users.some(({ spec }) => spec.flow === "request")) {
    const names = users.filter(({ spec }) => spec.flow === "request").map(({ spec }) => spec.name);
    refuse(
      `keeps nothing for calls at once, and every call of ${names.join(", ")} would be refused.`,
      `Give them one at least: --share ${title}=1/${concurrency}.`,
    );
  }
  return refusals;
}

function isPartOf(
  { concurrency }: LimitUse,
  { of, atOnce }: NonNullable<Choices["shares"]>[string],
): boolean {
  return of === concurrency && atOnce >= 0 && atOnce <= concurrency;
}

/** A queue's functions run two at once at least; AWS has no way to say one. */
function ofQueue(queue: PlannedQueue, uses: readonly LimitUse[], choices: Choices): readonly AwsRefusal[] {
  const limits = uses.filter(({ name }) => queue.limits.includes(name));
  const narrow = limits.filter((use) => {
    const share = chosenShare(use, choices);
    // What is no part of it was refused as that.
    const isDivided = share === undefined || isPartOf(use, share);
    return isDivided && queueShare(use, choices) < LEAST_INVOCATIONS;
  });
  return narrow.map((use) => {
    const { title, concurrency, users } = use;
    const isDivided = users.some(isAtOnce);
    const chosen = chosenShare(use, choices);
    const share = queueShare(use, choices);
    const least = isDivided ? LEAST_INVOCATIONS + 1 : LEAST_INVOCATIONS;
    const left = isDivided ? `, of which ${share} ${share === 1 ? "is" : "are"} its queue's share` : "";
    const next =
      chosen !== undefined && concurrency >= least
        ? `Leave the queue ${LEAST_INVOCATIONS} at least: --share ${title}=${concurrency - LEAST_INVOCATIONS}/${concurrency}.`
        : `Raise it to ${least}${isDivided ? ', or give all operations under it flow "event", or all "request"' : ""}, or ${CONTAINER}.`;
    return {
      operation: undefined,
      reason: `"${title}" has a concurrency of ${concurrency}${left}, and AWS runs ${LEAST_INVOCATIONS} functions of a queue at once at least.`,
      next,
    };
  });
}

function ofTimes({ spec, atOnce, queued }: Asked): readonly AwsRefusal[] {
  const { name, timeoutMs, flow } = spec;
  const longestQueuedMs = (LONGEST_FUNCTION_S - OVERHEAD_S) * 1_000;
  if (queued && timeoutMs > longestQueuedMs) {
    return [
      {
        operation: name,
        reason: `Its timeout is ${seconds(timeoutMs)}; a function has ${LONGEST_FUNCTION_S} s, of which ${OVERHEAD_S} s go to its start, claim and settlement.`,
        next: `Lower it to ${seconds(longestQueuedMs)}, or split the work with send().`,
      },
    ];
  }
  if (!atOnce || timeoutMs <= GATEWAY_MS) return [];
  return [
    {
      operation: name,
      reason: `Its timeout is ${seconds(timeoutMs)}, its flow "${flow}" answers at once, and API Gateway gives up after ${seconds(GATEWAY_MS)}.`,
      next: `Lower its timeout to ${seconds(LONGEST_AT_ONCE_MS)}, or give it flow "event".`,
    },
  ];
}

function ofBacklog({ spec, queued }: Asked): readonly AwsRefusal[] {
  if (!queued || spec.backlog === undefined) return [];
  return [
    {
      operation: spec.name,
      reason: `Its backlog is bounded by ${spec.backlog}, and SQS counts only nearly, up to a minute late: the bound would be passed unseen.`,
      next: "Leave it out on AWS; the alarm on the oldest message's age tells when a queue falls behind.",
    },
  ];
}

function ofDirect({ spec, queued, direct }: Asked): readonly AwsRefusal[] {
  if (!direct) return [];
  const refuse = (reason: string, next: string) => [{ operation: spec.name, reason, next }];
  const leave = "Leave it out of --direct.";
  if (!queued) return refuse('Its flow is "request", and a queue answers nobody.', leave);
  if (spec.access !== "public") {
    return refuse(
      `Its access is "${spec.access}", which the function checks and API Gateway cannot know.`,
      leave,
    );
  }
  if (inputSchemaOf(spec.input) === undefined) {
    return refuse(
      "Its schema library cannot say it as JSON Schema, so that API Gateway could check no input.",
      `${leave} Or use a schema without transforms and dates.`,
    );
  }
  return [];
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`;
}
