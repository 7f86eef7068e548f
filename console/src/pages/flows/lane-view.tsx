/** One operation's way from the caller to what it works on and back, as its flow goes. */
import { compact, count, perSecond, shortDuration } from "../../format.ts";
import { hrefOf } from "../../router.ts";
import { self } from "../../site.ts";
import type { Flow } from "../../wire.ts";
import { Arrow, Notice } from "./arrow.tsx";
import { Box, Slots, STRAINS, type StrainSaid } from "./box.tsx";
import type { Lane } from "./lanes.ts";
import type { Trend } from "./movement.ts";

const TELLS: Readonly<Record<Flow, string>> = {
  request: "answered at once, or refused",
  event: "always a receipt, and run from the queue",
  spill: "answered at once while there is room, a receipt when there is not",
};

const TRENDS: Readonly<Record<Trend, string>> = {
  empty: "empty",
  prompt: "keeps up",
  steady: "steady",
  growing: "growing",
  draining: "draining",
};

type LaneViewProps = {
  readonly lane: Lane;
  /** What it leads to. */
  readonly target: string;
};

const REFUSING: StrainSaid = { sign: "✕", says: "refusing" };

export function LaneView({ lane, target }: LaneViewProps) {
  const { operation, moves } = lane;
  const { name, flow, access } = operation;
  return (
    <section class="lane" aria-label={name}>
      <LaneHeader lane={lane} />
      <div class={`track ${flow}`}>
        {access === "internal" ? <Senders lane={lane} /> : <Callers lane={lane} />}
        {flow !== "event" && (
          <Arrow
            label="Gateway to function and back"
            place="direct"
            out={[{ rate: moves.answered, what: "at once" }]}
            back={[{ rate: moves.answered }]}
          />
        )}
        {flow !== "request" && <Queue lane={lane} />}
        <Box
          kind="function"
          title="Function"
          isPaused={lane.pausedAt !== undefined}
          strain={strainOf(lane)}
          calm={calmOf(lane)}
        >
          <Slots inUse={lane.inUse} limit={operation.limit} />
        </Box>
        <Arrow
          label={`Function to ${target} and back`}
          place="work"
          out={[{ rate: moves.succeeded, what: "succeeded" }]}
          back={[{ rate: moves.failed, what: "failed", isBad: true }]}
        />
        <p class="target" aria-hidden="true">
          {target}
        </p>
        {flow !== "request" && access !== "internal" && <Notice rate={lane.ended} />}
      </div>
    </section>
  );
}

function LaneHeader({ lane: { operation, pausedAt } }: { readonly lane: Lane }) {
  const { name, flow, access, failed } = operation;
  const paused = pausedAt === name ? "paused" : `paused with ${pausedAt}`;
  return (
    <header>
      <h3>{flow === "request" ? name : <a href={hrefOf("/jobs", { operation: name })}>{name}</a>}</h3>
      <p>
        <span class="flow">{access === "internal" ? `internal ${flow}` : flow}</span>{" "}
        {pausedAt === undefined ? (
          <span class="quiet">{access === "internal" ? "sent by other operations" : TELLS[flow]}</span>
        ) : (
          <strong>
            <span aria-hidden="true">❚❚</span> {paused}
          </strong>
        )}
      </p>
      {failed > 0 && (
        <a href={hrefOf("/dead-letters")}>
          {count(failed)} {failed === 1 ? "dead letter" : "dead letters"}
        </a>
      )}
    </header>
  );
}

function Callers({ lane: { operation, moves, offered } }: { readonly lane: Lane }) {
  const answers = { rate: moves.answered, what: "answered" };
  const receipts = { rate: moves.accepted, what: "receipts" };
  const back = { request: [answers], event: [receipts], spill: [answers, receipts] }[operation.flow];
  return (
    <>
      <Box kind="client" title="Client" />
      <Arrow
        label="Client to gateway and back"
        place="calls"
        out={[{ rate: offered, what: "calls" }]}
        back={back}
      />
      <Box
        kind="gateway"
        title="Gateway"
        strain={moves.refused > 0 ? REFUSING : undefined}
        calm={self.value?.role === "worker" ? "takes no calls" : "lets all in"}
      >
        <p>
          <b>{perSecond(moves.refused)}</b> refused
        </p>
      </Box>
    </>
  );
}

function Senders({ lane: { moves } }: { readonly lane: Lane }) {
  return (
    <>
      <Box kind="client" title="Operations" />
      <Arrow label="Operations to outbox" place="calls" out={[{ rate: moves.accepted, what: "sent" }]} />
      <Box kind="gateway" title="Outbox" calm="in their commit" />
    </>
  );
}

function Queue({ lane: { operation, moves, ended, trend } }: { readonly lane: Lane }) {
  const { queued, oldestAgeMs } = operation;
  return (
    <>
      <Arrow label="Gateway to queue" place="to-queue" out={[{ rate: moves.accepted, what: "queued" }]} />
      <Box
        kind="queue"
        title="Queue"
        strain={trend === "growing" ? { sign: "▲", says: TRENDS.growing } : undefined}
        calm={TRENDS[trend]}
      >
        <p>
          <b>{compact(queued)}</b> queued
        </p>
        <p>
          oldest <b>{shortDuration(oldestAgeMs)}</b>
        </p>
      </Box>
      <Arrow
        label="Queue to function and back"
        place="from-queue"
        out={[{ rate: ended + moves.retried, what: "run" }]}
        back={[{ rate: moves.retried, what: "retried", isBad: true }]}
      />
    </>
  );
}

/** Of a lane in which all is queued, nothing runs where no jobs are run. */
function calmOf({ isBusy, operation: { flow } }: Lane): string {
  if (flow === "event" && self.value?.role === "gateway") return "run by workers";
  return isBusy ? "busy" : "has room";
}

function strainOf({ strained, operation }: Lane): StrainSaid | undefined {
  if (!strained) return undefined;
  const { name, by } = strained;
  const says = (
    <>
      <span class="which">{name}</span> {by === "rate" ? "at its rate" : "is full"}
    </>
  );
  return name === operation.name ? STRAINS[by] : { ...STRAINS[by], says };
}
