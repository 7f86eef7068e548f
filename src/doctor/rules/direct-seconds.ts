import type { Observation, Rule } from "../rule.ts";

const BY_DEFAULT_S = 345_600;

export const directSeconds: Rule = {
  id: "direct-seconds",
  severity: "double",
  why: 'A receipt of a call that the gateway queued by itself is unknown until its message is taken; the functions answer "queued" for as long as they are told that messages are kept. Told less, they say of a job that waits that there is none, and its caller sends it again; told more, they say "queued" of what the queue has deleted.',
  source: "docs/wire.md",
  check: ({ template, queues, functions }) =>
    queues.flatMap(({ queue, directBytes }): readonly Observation[] => {
      if (queue === undefined || directBytes === undefined) return [];
      const kept = template.number(queue, "MessageRetentionPeriod", BY_DEFAULT_S);
      const property = "Environment.Variables.SPILLWAY_DIRECT_SECONDS";
      const told = functions.flatMap((one) => template.number(one, property) ?? []);
      const [seconds] = told.filter((one) => one !== kept && !Number.isNaN(kept));
      if (seconds === undefined) return [];
      return [
        {
          at: queue,
          property: "MessageRetentionPeriod",
          says: `is ${kept} s, and functions are told ${seconds} s in SPILLWAY_DIRECT_SECONDS.`,
          fix: `MessageRetentionPeriod: ${seconds}, or SPILLWAY_DIRECT_SECONDS: "${kept}" in every function`,
        },
      ];
    }),
};
