// `npm run bench`: the floors and the product (and the product of another commit) in interleaved rounds.
import { join } from "node:path";
import type { Installed } from "../build/installed.ts";
import type { Measured, Sample } from "../report/sample.ts";
import {
  type FloorRow,
  floorRows,
  measureFloor,
  measureProduct,
  type ProductRow,
  productRows,
  type Setting,
} from "./main-rows.ts";
import { Product } from "./product.ts";
import { Server } from "./server.ts";

export type MainPlan = Setting & {
  /** The first is this tree; a second one is compared with it. */
  readonly builds: readonly Installed[];
  readonly rows: readonly ProductRow[];
  readonly rounds: number;
  /** A temp folder for data. */
  readonly folder: string;
  /** Where CPU profiles of the product go. */
  readonly profile: string | undefined;
  readonly say: (line: string) => void;
};

export type MainMeasured = {
  readonly floors: Readonly<Record<FloorRow, Measured>>;
  /** By the build's label, in the order of the builds. */
  readonly products: readonly {
    readonly label: string;
    readonly rows: Partial<Record<ProductRow, Measured>>;
  }[];
};

/** Shorter than a round that counts: what it runs is only to be compiled. */
const WARM_UP_SECONDS = 2;

export async function mainRun(plan: MainPlan): Promise<MainMeasured> {
  const [own] = plan.builds;
  if (own === undefined) throw new Error("There is no build to measure.");
  const servers: Server[] = [];
  try {
    const floors: [FloorRow, Server][] = [];
    for (const name of Object.keys(floorRows) as FloorRow[]) {
      const server = await Server.start({ folder: own.folder, script: `${name}.js` });
      servers.push(server);
      floors.push([name, server]);
    }
    const products: Product[] = [];
    for (const [index, build] of plan.builds.entries()) {
      const nodeOptions = plan.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${plan.profile}`];
      const product = await Product.start(build, join(plan.folder, `data-${index}`), { nodeOptions });
      servers.push(product.server);
      products.push(product);
      await product.pause("noop", true);
    }
    return await rounds(plan, floors, products);
  } finally {
    for (const server of servers) await server.stop();
  }
}

async function rounds(
  plan: MainPlan,
  floors: readonly (readonly [FloorRow, Server])[],
  products: readonly Product[],
): Promise<MainMeasured> {
  const floorSamples: Record<FloorRow, Sample[]> = { fastify: [], empty: [] };
  const productSamples = products.map(() => new Map<ProductRow, Sample[]>());
  for (let round = 0; round <= plan.rounds; round++) {
    plan.say(round === 0 ? "warming up …" : `round ${round} of ${plan.rounds} …`);
    const setting = round === 0 ? { ...plan, seconds: Math.min(plan.seconds, WARM_UP_SECONDS) } : plan;
    for (const [name, server] of floors) {
      const sample = await measureFloor(server, setting);
      if (round > 0) floorSamples[name].push(sample);
    }
    // Every other round begins with the other one, so that no build is always the second.
    const order = [...products.keys()];
    for (const index of round % 2 === 0 ? order : order.toReversed()) {
      const found = await measureProduct(products[index] as Product, plan.rows, setting);
      if (round === 0) continue;
      for (const [row, sample] of Object.entries(found) as [ProductRow, Sample][]) {
        const samples = productSamples[index]?.get(row) ?? [];
        productSamples[index]?.set(row, [...samples, sample]);
      }
    }
  }
  const floor = (id: FloorRow): Measured => ({ id, name: floorRows[id], samples: floorSamples[id] });
  return {
    floors: { fastify: floor("fastify"), empty: floor("empty") },
    products: products.map(({ label }, index) => ({
      label,
      rows: Object.fromEntries(
        plan.rows.map((id) => [
          id,
          { id, name: productRows[id], samples: productSamples[index]?.get(id) ?? [] },
        ]),
      ),
    })),
  };
}
