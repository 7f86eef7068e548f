/** Every attempt of a job: when, how long, where, and what came of it. */
import { duration } from "../../format.ts";
import { Head } from "../../parts/head.tsx";
import { Moment } from "../../parts/moment.tsx";
import type { Job } from "../../wire.ts";
import { type TimedAttempt, timeline } from "./timeline.ts";

export function Attempts({ job }: { readonly job: Job }) {
  const attempts = timeline(job.acceptedAt, job.attempts);
  if (attempts.length === 0) return <p class="quiet">None has ended yet.</p>;
  return (
    <>
      {attempts.length > 1 && <Strip attempts={attempts} />}
      <div class="scroller">
        <table class="stacked">
          <Head
            columns={[
              "Attempt",
              "Started",
              ["Waited", "number"],
              ["Ran", "number"],
              "Ended",
              "Node",
              "Error",
            ]}
          />
          <tbody>
            {attempts.map((attempt) => (
              <Row key={attempt.start} attempt={attempt} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Row({ attempt }: { readonly attempt: TimedAttempt }) {
  const { number, start, end, waitedMs, tookMs, node, error, isRedriven } = attempt;
  return (
    <tr>
      <td data-label="Attempt">
        {number}
        {isRedriven && <span class="quiet"> redriven</span>}
      </td>
      <td data-label="Started">
        <Moment at={start} precise />
      </td>
      <td class="number" data-label="Waited">
        {duration(waitedMs)}
      </td>
      <td class="number" data-label="Ran">
        {duration(tookMs)}
      </td>
      <td data-label="Ended">
        <Moment at={end} precise />
      </td>
      <td data-label="Node">{node}</td>
      <td class="whole" data-label="Error">
        {error ? (
          <>
            <code>{error.code}</code> {error.detail}
          </>
        ) : (
          <span class="quiet">none</span>
        )}
      </td>
    </tr>
  );
}

/** Wide enough to be seen, however short it ran. */
const LEAST = 4;
const WIDTH = 1_000;

/** The table says the same in figures. */
function Strip({ attempts }: { readonly attempts: readonly TimedAttempt[] }) {
  return (
    <svg class="strip" viewBox={`0 0 ${WIDTH} 10`} preserveAspectRatio="none" aria-hidden="true">
      <rect class="waiting" y="4" width={WIDTH} height="2" />
      {attempts.map(({ start, from, to, error }) => (
        <rect
          key={start}
          class={error ? "failed" : "succeeded"}
          x={Math.min(from * WIDTH, WIDTH - LEAST)}
          width={Math.max(LEAST, (to - from) * WIDTH)}
          height="10"
        />
      ))}
    </svg>
  );
}
