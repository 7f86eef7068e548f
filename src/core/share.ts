/**
 * Limits across processes, as a store keeps them: slot by slot, for processes that come and go, or in blocks, for
 * nodes that stay. What nodes say to the store and what it answers; and who those nodes are.
 */
import type { JsonText } from "./job.ts";

/** A slot of every limit that an operation is under, held across processes. */
export interface Share {
  /** Once; may take its time. A share that is never released ends by itself. */
  release(): void;
}

/** Limits that processes share: for calls that are run at once, beside whatever the process itself limits. */
export interface Shares {
  /** `undefined`: none is free. Held for `forMs` at most. */
  take(operation: string, forMs: number): Promise<Share | undefined>;
}

/** A node that lets calls and jobs in, as `GET /admin/nodes` shows it. */
export type NodeFacts = {
  /** One process's: a node that starts again is another. */
  readonly id: string;
  readonly host: string;
  readonly role: string;
  readonly startedAt: number;
};

/** A limit by its name; an operation's and a resource's of one name are two. */
export type LimitName = { readonly scope: "operation" | "resource"; readonly name: string };

/** What a node wants of one limit. Those that it neither holds nor wants it need not name. */
export type LimitAsk = LimitName & {
  /** As its app declares it; a setting in the store stands over it, and the least of the nodes' is in force. */
  readonly concurrency: number | null;
  /** Slots that something runs in. */
  readonly inUse: number;
  /** Slots that it goes on to use while it waits for the answer: it is never given fewer. `inUse` at least. */
  readonly keep: number;
  /** Slots that it could use now for calls at once and for jobs, those in use with them. */
  readonly calls: number;
  readonly jobs: number;
  /** Slots that it would like at hand besides, where nobody wants them. */
  readonly spare: number;
  /** Of a limit with a rate: starts that it could use now, and those it was given and will not use. */
  readonly rate?: { readonly perSecond: number; readonly wanted: number; readonly unused: number };
};

export type ShareRequest = {
  readonly node: NodeFacts;
  /** Grows with each request of a node: one that comes after its successor is passed over. */
  readonly number: number;
  /** For how long what is granted is held, from the moment that the store hears of it. */
  readonly forMs: number;
  /**
   * How long ago this node was answered last before a long silence that is just over; 0 or none where there was none.
   * Perhaps the store was away from all: what others held when it began still counts as theirs, as they could not renew it.
   */
  readonly unheardMs?: number;
  readonly limits: readonly LimitAsk[];
  /** How it fares, for other nodes to read; JSON. */
  readonly report: JsonText;
  /** It stops: everything goes back, and it is gone from the list of nodes. */
  readonly leaves?: boolean;
};

export type LimitGrant = LimitName & {
  /** What it holds until its time is over or it asks again. */
  readonly slots: number;
  /** What it should have: with more, it begins nothing in them and gives them back as they fall free. */
  readonly target: number;
  /** Slots beyond `slots` that others hold idle, and are asked to give back: it is worth asking again soon. */
  readonly coming: number;
  /** Starts of its rate, to be used soon. */
  readonly starts: number;
  /** When there may be another start; 0 where there is no rate, or one was given. */
  readonly startInMs: number;
};

/** Positional. `passed`: a later request was there before, so that nothing was done. */
export type ShareAnswer = { readonly limits: readonly LimitGrant[]; readonly passed?: boolean };

/** As it last told of itself. */
export type NodeRecord = NodeFacts & {
  readonly seenAt: number;
  /** Whether what it holds is over: it has not been heard of for so long. */
  readonly lost: boolean;
  readonly report: JsonText;
};
