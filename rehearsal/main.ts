/** `npm run rehearse:aws`: the example on AWS's services, as far as they can be had on one machine. */
import { once } from "node:events";
import { Faults } from "./faults/faults.ts";
import { DIRECT_OPERATION } from "./load/calls.ts";
import { openStage } from "./opened.ts";
import { help, type Options, parse } from "./options.ts";
import { rehearse } from "./rehearsal.ts";
import { lines, reportOf } from "./report.ts";
import { synthesise } from "./synthesis.ts";

const COULD_NOT_JUDGE = 2;
const INTERRUPTED = 130;

async function main(): Promise<void> {
  const options = parse(process.argv.slice(2), process.env, Math.random);
  if (options === undefined) return console.log(help);
  // Whoever serves by a folder of its own removes it, also after a process that was killed.
  const folder = options.serve ? process.env["SPILLWAY_DATA"] : undefined;
  const more = options.direct ? ["--direct", DIRECT_OPERATION] : [];
  const made =
    options.template === undefined ? synthesise("examples/orders/app.ts", more, folder) : undefined;
  // Whoever interrupts it leaves nothing behind either: the reaper sees to the processes.
  process.once("exit", () => made?.remove());
  const template = made?.file ?? options.template ?? "";
  if (options.serve) await serve(options, template);
  else await run(options, template);
}

async function run(options: Options, template: string): Promise<void> {
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => process.exit(INTERRUPTED));
  const report = reportOf(options, await rehearse(options, template, (line) => console.error(line)));
  console.log(options.json ? JSON.stringify(report) : lines(report).join("\n"));
  process.exitCode = report.held ? 0 : 1;
}

/** Until it is told to end, as a server would be. */
async function serve(options: Options, template: string): Promise<void> {
  const {
    SPILLWAY_ADMIN_TOKEN: token,
    ORDERS_DB_CONCURRENCY,
    ORDERS_DB_LATENCY_MS,
    ORDERS_FAIL_RATE,
  } = process.env;
  const given = Object.entries({ ORDERS_DB_CONCURRENCY, ORDERS_DB_LATENCY_MS, ORDERS_FAIL_RATE });
  const environment = Object.fromEntries(
    given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const ignore = (): void => undefined;
  const stage = await openStage(
    options,
    template,
    new Faults(options.faults, options.seed),
    { onLine: ignore, onDeath: ignore },
    token,
    environment,
  );
  console.log(`Listening on http://127.0.0.1:${stage.port}`);
  await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  await stage.close();
}

try {
  await main();
} catch (error) {
  console.error(error instanceof RangeError ? error.message : error);
  process.exitCode = COULD_NOT_JUDGE;
}
