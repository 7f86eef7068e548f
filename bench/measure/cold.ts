// How large a function is on AWS, and how long it takes to load beside what AWS's own clients take: the bundles
// of queues, by `spillway synth` of the build that is measured. Each load is a process of its own.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { Installed } from "../build/installed.ts";
import { root } from "../build/source.ts";
import { median } from "../report/statistics.ts";
import { type BundledPart, ENTRY, partsOf } from "./parts.ts";

export type ColdRun = {
  readonly build: Installed;
  readonly folder: string;
  readonly rounds: number;
  readonly say: (line: string) => void;
};

/** `plain`: of an app without any library of its own. `orders`, `ordersHttp`: of the example, with its schemas. */
export const LOADED = ["plain", "clients", "orders", "ordersHttp"] as const;
type Loaded = (typeof LOADED)[number];

export type Cold = {
  readonly plain: readonly BundledPart[];
  readonly orders: readonly BundledPart[];
  readonly clients: readonly BundledPart[];
  /** One for each round: the medians of its loads. */
  readonly loads: Readonly<Record<Loaded, readonly Load[]>>;
};

/** How long it took, and how long a processor worked on it, whatever else the machine did. */
export type Load = { readonly ms: number; readonly cpuMs: number };

const LOADS_IN_A_ROUND = 9;
/** What a function of Spillway asks of AWS, and nothing around it. */
const CLIENTS = `
export { BatchGetItemCommand, DynamoDBClient, PutItemCommand, QueryCommand, TransactWriteItemsCommand, UpdateItemCommand, DeleteItemCommand } from "@aws-sdk/client-dynamodb";
export { ChangeMessageVisibilityCommand, DeleteMessageBatchCommand, SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
`;
/** As the template gives it: a bundle reads it when it is loaded. */
const ENVIRONMENT = {
  AWS_REGION: "us-east-1",
  SPILLWAY_TABLE: "table",
  SPILLWAY_QUEUES: "{}",
  SPILLWAY_SHARES: "{}",
  SPILLWAY_LIMITS: "{}",
  SPILLWAY_PARALLEL: "1",
};

export async function coldRun({ build: installed, folder, rounds, say }: ColdRun): Promise<Cold> {
  say("bundling …");
  const plain = join(synthesised(installed, "bench/apps/plain.ts", join(folder, "plain")), "queue");
  const example = synthesised(installed, "examples/orders/app.ts", join(folder, "orders"));
  const clients = join(folder, "clients");
  await bundleClients(clients);
  const folders = { plain, clients, orders: join(example, "queue"), ordersHttp: join(example, "http") };
  const loads: Record<Loaded, Load[]> = { plain: [], clients: [], orders: [], ordersHttp: [] };
  // The first round brings the files into memory, and does not count.
  for (let round = 0; round <= rounds; round++) {
    if (round > 0) say(`round ${round} of ${rounds}`);
    const taken: Record<Loaded, Load[]> = { plain: [], clients: [], orders: [], ordersHttp: [] };
    for (let load = 0; load < LOADS_IN_A_ROUND; load++)
      for (const name of LOADED) taken[name].push(loaded(installed.folder, join(folders[name], ENTRY)));
    if (round > 0) for (const name of LOADED) loads[name].push(medianOf(taken[name]));
  }
  return { plain: partsIn(plain), orders: partsIn(folders.orders), clients: partsIn(clients), loads };
}

/** The code of an app's functions, by the command of the build that is measured. */
function synthesised(installed: Installed, app: string, out: string): string {
  const command = join(installed.folder, "node_modules/spillway/bin/spillway.js");
  execFileSync(process.execPath, [command, "synth", join(root, app), "--out", out], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  return join(out, "code");
}

/** With the options of the functions' own bundles. */
async function bundleClients(outdir: string): Promise<void> {
  await build({
    stdin: { contents: CLIENTS, resolveDir: root, sourcefile: "index.js" },
    outdir,
    outExtension: { ".js": ".mjs" },
    entryNames: "index",
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node24",
    mainFields: ["module", "main"],
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    legalComments: "none",
    charset: "utf8",
  });
}

function medianOf(loads: readonly Load[]): Load {
  return { ms: median(loads.map(({ ms }) => ms)), cpuMs: median(loads.map(({ cpuMs }) => cpuMs)) };
}

function loaded(folder: string, module: string): Load {
  // Nothing that was compiled before: a function that starts has nothing of the kind.
  const { NODE_COMPILE_CACHE: _, NODE_OPTIONS: __, ...inherited } = process.env;
  const said = execFileSync(process.execPath, [join(folder, "imported.js"), pathToFileURL(module).href], {
    env: { ...inherited, ...ENVIRONMENT },
    encoding: "utf8",
  });
  return JSON.parse(said);
}

function partsIn(folder: string): readonly BundledPart[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".mjs"));
  return partsOf(new Map(files.map((file) => [file, readFileSync(join(folder, file))])));
}
