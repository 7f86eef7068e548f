/** The price table, each row with where it is from. */
import type { Price } from "../../../src/lab/report.ts";
import { unitPrice } from "./figures.ts";
import { Scroller } from "./scroller.tsx";

export function Prices({ prices }: { readonly prices: readonly Price[] }) {
  return (
    <section>
      <h2>The price table</h2>
      <Scroller label="The price table">
        <table>
          <thead>
            <tr>
              <th scope="col">Price</th>
              <th scope="col" class="number">
                USD
              </th>
              <th scope="col">For</th>
              <th scope="col">Region</th>
              <th scope="col">Source</th>
              <th scope="col">Date</th>
            </tr>
          </thead>
          <tbody>
            {prices.map(({ id, usd, per, region, source, date }) => (
              <tr key={id}>
                <td>
                  <code>{id}</code>
                </td>
                <td class="number">{unitPrice(usd)}</td>
                <td>{per}</td>
                <td>{region}</td>
                <td>{isPage(source) ? <a href={source}>{nameOf(source)}</a> : source}</td>
                <td>{date}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
    </section>
  );
}

/** A table of one's own may name anything: only a web page becomes a link. */
function isPage(source: string): boolean {
  return /^https:\/\/[^\s]+$/.test(source);
}

function nameOf(source: string): string {
  return source.replace(/^https:\/\/|\/$/g, "");
}
