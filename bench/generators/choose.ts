// Who makes the load: wrk where it is installed, a process of our own otherwise. wrk needs much less of the machine
// that it shares with the server, so rates measured by one and by the other must not be compared.
import { join } from "node:path";
import { execute, type Generator, type Load } from "./generator.ts";
import { wrkGenerator } from "./wrk.ts";

export async function chooseGenerator(folder: string): Promise<Generator> {
  // `wrk -v` prints its version and ends with 1.
  const probe = await execute("wrk", ["-v"]).catch((error: { readonly stdout?: string }) => error);
  const version = /^wrk (\S+)/.exec(probe.stdout ?? "")?.[1];
  return version === undefined ? ownGenerator() : wrkGenerator(version, folder);
}

function ownGenerator(): Generator {
  return {
    name: "bench/generators/own.ts (wrk is not installed)",
    notes: [
      "The load generator takes more of the machine than wrk would, so that rates are lower and closer together than they are: of the goals, trust those about CPU. Install wrk for the others.",
    ],
    run: async (url, work) => {
      const args = [join(import.meta.dirname, "own.ts"), url, JSON.stringify(work)];
      const { stdout } = await execute(process.execPath, args, { timeout: (work.seconds + 10) * 1_000 });
      return JSON.parse(stdout) as Load;
    },
  };
}
