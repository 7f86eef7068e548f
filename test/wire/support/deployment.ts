/**
 * Where the suite's servers run: as a process on this machine, its store in a file or in PostgreSQL, or as AWS runs them. What a deployment cannot promise
 * (docs/wire.md §9) is waived at the test that asks for it, with the reason.
 */

export const deployments = ["server", "postgres", "container", "functions"] as const;
export type Deployment = (typeof deployments)[number];

export const deployment = deploymentOf(process.env["SPILLWAY_DEPLOYMENT"] ?? "server");

/** Options of a test that some deployments need not pass, each for a reason. */
export const unless = (waived: Partial<Record<Deployment, string>>): { readonly skip: string | false } => ({
  skip: waived[deployment] ?? false,
});

export const isOnAws = deployment === "container" || deployment === "functions";

/** What is started to serve a program, and how long it may take. */
export function commandFor(program: string): { readonly args: readonly string[]; readonly seconds: number } {
  if (deployment !== "functions") return { args: [program], seconds: 20 };
  if (program !== "examples/orders/main.ts")
    throw new Error(`Of the suite's apps only the orders example runs on functions, and not ${program}.`);
  return { args: ["rehearsal/main.ts", "--serve"], seconds: 90 };
}

function deploymentOf(name: string): Deployment {
  const known = deployments.find((one) => one === name);
  if (known !== undefined) return known;
  throw new Error(`SPILLWAY_DEPLOYMENT is "${name}". It is one of ${deployments.join(", ")}.`);
}
