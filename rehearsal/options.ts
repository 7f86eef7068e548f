// What the rehearsal may be asked, and its help. Pure.
import { parseArgs } from "node:util";
import { FAULTS, type Fault, faultNames } from "./faults/faults.ts";

export type Options = {
  readonly calls: number;
  readonly width: number;
  readonly faults: readonly Fault[];
  readonly seed: number;
  readonly template: string | undefined;
  readonly direct: boolean;
  readonly serve: boolean;
  readonly port: number;
  readonly account: number;
  readonly json: boolean;
};

export const help = `npm run rehearse:aws -- [how many] [what goes wrong] [output]

Synthesises the orders example, runs its template on this machine (SQS, DynamoDB, AWS's runtime client for Lambda, a
gateway and pollers that read the template), calls it over HTTP and sockets, and judges what came of it.

  --calls N        over the three flows (200)
  --width N        calls under way at once (24)
  --faults NAMES   all, none, or some of them with commas (none):
${faultNames.map((name) => `                     ${name.padEnd(19)}${FAULTS[name]}`).join("\n")}
  --seed N         of all that is chosen by chance (made, and told)
  --direct         some calls go straight into their queue, by a REST API (accept mode direct)
  --template FILE  one that is there already, with its code beside it, instead of making it
  --account N      concurrency of the account (1000)
  --serve          no load: serves until it is told to end, at PORT (a free one)
  --json           one JSON object and nothing else on standard output

Ends with 1 when a promise was broken, with 2 when it could not be judged.`;

const NEXT = "`npm run rehearse:aws -- --help` lists the options.";

/** Undefined: help was asked for. */
export function parse(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  chance: () => number,
): Options | undefined {
  const values = read(args);
  if (values.help) return undefined;
  return {
    calls: whole("calls", values.calls, 200),
    width: whole("width", values.width, 24),
    faults: faultsOf(values.faults ?? "none"),
    seed: whole("seed", values.seed, 1 + Math.floor(chance() * 2 ** 31)),
    template: values.template,
    direct: values.direct ?? false,
    serve: values.serve ?? false,
    port: Number(environment["PORT"] ?? 0),
    account: whole("account", values.account, 1_000),
    json: values.json ?? false,
  };
}

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        calls: { type: "string" },
        width: { type: "string" },
        faults: { type: "string" },
        seed: { type: "string" },
        template: { type: "string" },
        account: { type: "string" },
        direct: { type: "boolean" },
        serve: { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new RangeError(`${(error as Error).message}. ${NEXT}`);
  }
}

function whole(name: string, given: string | undefined, byDefault: number): number {
  const value = given === undefined ? byDefault : Number(given);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new RangeError(`--${name} is "${given}", and should be a whole number from 1. ${NEXT}`);
}

function faultsOf(given: string): readonly Fault[] {
  if (given === "all") return faultNames;
  if (given === "none") return [];
  return given.split(",").map((name) => {
    const found = faultNames.find((known) => known === name.trim());
    if (found === undefined)
      throw new RangeError(`--faults names "${name}", which is none of ${faultNames.join(", ")}. ${NEXT}`);
    return found;
  });
}
