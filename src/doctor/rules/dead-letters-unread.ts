import type { Rule } from "../rule.ts";

export const deadLettersUnread: Rule = {
  id: "dead-letters-unread",
  severity: "lose",
  why: "A function takes dead letters and ends their jobs as failed, so that each receipt ends and the job can be run again. Without it they lie until they are deleted, and their receipts never end.",
  source: "docs/adr/0011-aws.md",
  check: ({ mappings, queues }) =>
    queues.flatMap(({ dead }) => {
      if (dead === undefined || mappings.some(({ queue }) => queue === dead)) return [];
      return [
        {
          at: dead,
          says: "has no event source mapping: no function takes what is in it.",
          fix: "Add an AWS::Lambda::EventSourceMapping from this queue to the function for dead letters",
        },
      ];
    }),
};
