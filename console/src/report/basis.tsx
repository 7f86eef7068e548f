/** What of all this was measured and what is a model; where, and how much the repeats differed. */
import type { FlowReport, Lane } from "../../../src/lab/report.ts";
import { count } from "../format.ts";
import { Head } from "../parts/head.tsx";
import { latency, seconds, trimmed } from "./figures.ts";
import { LANES } from "./lanes.ts";
import { Scroller } from "./scroller.tsx";

export function Basis({ report }: { readonly report: FlowReport }) {
  const { basis, madeOn, spillway, profile, repeats, lanes, madeAt } = report;
  return (
    <section>
      <h2>What is measured, and what is a model</h2>
      <div class="beside">
        <ul class="notes">
          {basis.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
        <dl class="machine">
          <dt>Machine</dt>
          <dd>
            {madeOn.cpu}, {madeOn.cores} cores, {trimmed(madeOn.memoryGiB, 1)} GiB
          </dd>
          <dt>System</dt>
          <dd>
            {madeOn.system}, Node.js {madeOn.node}
          </dd>
          <dt>Spillway</dt>
          <dd>{spillway}</dd>
          <dt>Seed</dt>
          <dd>{profile.seed}</dd>
          <dt>Made</dt>
          <dd>{madeAt}</dd>
        </dl>
      </div>
      {repeats > 1 && <Repeats lanes={lanes} />}
    </section>
  );
}

function Repeats({ lanes }: { readonly lanes: readonly Lane[] }) {
  return (
    <>
      <h3>Each repeat by itself</h3>
      <Scroller label="Each repeat by itself">
        <table>
          <Head
            columns={[
              "Lane",
              ["Repeat", "number"],
              ["Took", "number"],
              ["Answered", "number"],
              ["Receipts", "number"],
              ["Refused", "number"],
              ["Failed", "number"],
              ["p99 acknowledged", "number"],
              ["p99 of those done", "number"],
            ]}
          />
          <tbody>
            {lanes.flatMap(({ name, runs }) =>
              runs.map((run, at) => (
                <tr key={`${name} ${at}`}>
                  <td>{LANES[name].title}</td>
                  <td class="number">{at + 1}</td>
                  <td class="number">{seconds(run.seconds)}</td>
                  <td class="number">{count(run.answered)}</td>
                  <td class="number">{count(run.receipts)}</td>
                  <td class="number">{count(run.refused)}</td>
                  <td class="number">{count(run.failed)}</td>
                  <td class="number">{latency(run.acknowledgedP99)}</td>
                  <td class="number">{latency(run.doneP99)}</td>
                </tr>
              )),
            )}
          </tbody>
        </table>
      </Scroller>
    </>
  );
}
