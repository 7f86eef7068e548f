/** What a million operations would cost on AWS, each way with its parts, and from which handler time on which is cheaper. */
import { useMemo } from "preact/hooks";
import type { Cost, Way } from "../../../src/lab/report.ts";
import { Chart } from "../parts/chart/chart.tsx";
import { usdAt } from "./curves.ts";
import { dollars, itemsWritten, latency, trimmed } from "./figures.ts";
import { LANES } from "./lanes.ts";
import { Scroller } from "./scroller.tsx";

export function Costs({ cost }: { readonly cost: Cost }) {
  const { basis, region, ways, assumptions } = cost;
  const most = Math.max(...ways.map(({ usdPerMillion }) => usdPerMillion));
  return (
    <section>
      <h2>What it would cost on AWS</h2>
      <p class="paragraph">
        A model: the prices below, of {region}, by what was measured here: a handler of{" "}
        {latency(basis.handlerMs)}, {trimmed(basis.inputBytes, 0)} bytes of input,{" "}
        {itemsWritten(basis.itemsWritten)}, for {trimmed(basis.writeUnits, 1)} write units. For a million
        operations:
      </p>
      <Scroller label="What each way costs">
        <table class="ways">
          <thead>
            <tr>
              <th scope="col">Way, and its parts</th>
              <th scope="col" class="number">
                A million
              </th>
              <th scope="col" class="bar-cell">
                <span class="unseen">In comparison</span>
              </th>
              <th scope="col" class="number">
                Cheaper once the handler takes
              </th>
            </tr>
          </thead>
          <tbody>
            {ways.map((way) => (
              <tr key={way.name}>
                <td>
                  <Parts way={way} />
                </td>
                <td class="number">{dollars(way.usdPerMillion)}</td>
                <td class="bar-cell">
                  <i class={way.flow} style={{ width: `${(way.usdPerMillion / most) * 100}%` }} />
                </td>
                <td class="number">{crossingOf(way, cost)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
      <div class="beside">
        <ByHandlerTime cost={cost} />
        <ul class="notes">
          {assumptions.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      </div>
    </section>
  );
}

function Parts({ way: { name, parts } }: { readonly way: Way }) {
  return (
    <details>
      <summary>{name}</summary>
      <ul class="parts">
        {parts.map(({ name, usd, how }) => (
          <li key={name}>
            <b>{dollars(usd)}</b>
            <span>
              {name} <span class="quiet">{how}</span>
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}

function crossingOf({ name }: Way, { breakEven }: Cost): string {
  const crossing = breakEven.find(({ way }) => way === name);
  if (crossing === undefined) return "";
  if (crossing.handlerMs === null) return "never";
  return crossing.handlerMs === 0 ? "any time" : latency(crossing.handlerMs);
}

/** From 1 ms to 10 s, in steps that look even on a logarithmic axis. */
const TIMES = Array.from({ length: 81 }, (_, step) => 10 ** (step / 20));

function ByHandlerTime({ cost }: { readonly cost: Cost }) {
  const chart = useMemo(() => {
    const drawn = [
      { way: cost.ways.find(({ flow }) => flow === "request"), stroke: LANES.request },
      { way: told(cost, "none"), stroke: LANES.event },
      { way: told(cost, "push"), stroke: LANES["request-retrying"] },
    ];
    const lines = drawn.flatMap(({ way, stroke }) =>
      way === undefined
        ? []
        : [{ ...stroke, name: way.name, values: TIMES.map((ms) => usdAt(way, cost, ms)) }],
    );
    // What lies far beyond this handler would flatten what lies around it.
    const shown = Math.min(10_000, Math.max(1_000, cost.basis.handlerMs * 4));
    const kept = TIMES.filter((ms) => ms <= shown).length;
    return {
      x: { values: TIMES.slice(0, kept), show: latency, logarithmic: true },
      lines: lines.map((line) => ({ ...line, values: line.values.slice(0, kept) })),
    };
  }, [cost]);
  return (
    <Chart
      title="By handler time"
      says="What a million would cost were the handler quicker or slower: where the lines cross, both cost the same."
      {...chart}
      y={{ show: dollars }}
      mark={{ at: Math.max(1, cost.basis.handlerMs), name: `this one: ${latency(cost.basis.handlerMs)}` }}
    />
  );
}

/** The event-driven way with the largest batch. */
function told({ ways }: Cost, notice: Way["notice"]): Way | undefined {
  return ways
    .filter((way) => way.flow === "event" && way.parallel && way.notice === notice)
    .sort((a, b) => b.batch - a.batch)[0];
}
