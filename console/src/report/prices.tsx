/** The price table, each row with where it is from. */
import type { Price } from "../../../src/lab/report.ts";
import { Head } from "../parts/head.tsx";
import { unitPrice } from "./figures.ts";
import { Scroller } from "./scroller.tsx";

export function Prices({ prices }: { readonly prices: readonly Price[] }) {
  return (
    <section>
      <h2>The price table</h2>
      <Scroller label="The price table">
        <table>
          <Head columns={["Price", ["USD", "number"], "For", "Region", "Source", "Date"]} />
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
