// What is compared with: a product that is started anew for each round, on its best documented settings, and
// measured by the same generator.
import type { Generator } from "../generators/generator.ts";
import type { Sample } from "../report/sample.ts";

export const peerRows = {
  accept: "accept (durable before the 202)",
  drain: "drain of preloaded no-op jobs",
  run: "accept + run + outcome",
  "run-write": "accept + run + outcome, one write",
  write: "call with one write, answered",
  answered: "50/s, from the call until it is answered 202",
  handled: "50/s, from the call until its handler runs in another process",
  pushed: "50/s, from the call until its outcome is pushed to the caller",
} as const;

export type PeerRow = keyof typeof peerRows;

export type PeerSetting = {
  readonly generator: Generator;
  readonly connections: number;
  readonly seconds: number;
  /** A temp folder, of this peer and this round, that exists. */
  readonly folder: string;
};

export type PeerSamples = Partial<Record<PeerRow, Sample>>;

export type Peer = {
  readonly id: string;
  readonly name: string;
  /** Shown beside its figures. */
  readonly settings: string;
  /** Why it cannot be measured here, and what to do about it. */
  readonly missing: () => Promise<string | undefined>;
  readonly round: (setting: PeerSetting) => Promise<PeerSamples>;
};

/** What is run first is still being compiled, and caches are cold: this much is not counted. Slow ones need longer. */
export const WARM_UP_SECONDS = 5;
