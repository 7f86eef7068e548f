/** A process that runs the user's code for the lab: told what to do by the process that started it, and ends with it. */
import { appOf } from "../../cli/app-module.ts";
import { isForPeople } from "../../cli/command.ts";
import { LabRefusal } from "../errors.ts";
import type { FromServer, ToServer } from "../messages.ts";
import { describe } from "./describe.ts";
import { LaneServer } from "./lane-server.ts";

const TELL_MS = 250;

let server: LaneServer | undefined;

process.on("disconnect", () => process.exit(1));
process.on("message", (message: ToServer) => {
  answer(message).then(tell, (error: unknown) => {
    if (!(error instanceof LabRefusal || isForPeople(error))) throw error;
    tell({ kind: "refused", message: error.message });
  });
});

function tell(message: FromServer): void {
  process.send?.(message);
}

async function answer(message: ToServer): Promise<FromServer> {
  if (message.kind === "describe") return describe(await appOf(message.module), message);
  if (message.kind === "serve") {
    const lane = await LaneServer.start(await appOf(message.module), message);
    setInterval(() => tell({ kind: "depth", queued: lane.queued }), TELL_MS);
    server = lane;
    return { kind: "listening", port: lane.port };
  }
  if (!server) throw new Error(`"${message.kind}" was said before "serve".`);
  if (message.kind === "finish") return { kind: "finished", ...(await server.finish()) };
  await server.drain(message.limitMs);
  return { kind: "drained" };
}
