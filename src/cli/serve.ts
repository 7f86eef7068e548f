/** `spillway serve ./app.ts`: imports a module and serves the app that it exports. */
import { parseArgs } from "node:util";
import { ROLES, type Role } from "../core/runtime.ts";
import { serve } from "../node/index.ts";
import { appOf } from "./app-module.ts";
import { mistakeIn, onlyModule } from "./arguments.ts";
import { type Command, UsageError } from "./command.ts";
import { durationOf } from "./values.ts";

export const serveCommand: Command = {
  summary: "serve the app that a module exports",
  help: `Usage: spillway serve <module> [--port <n>] [--host <name>] [--role <role>] [options]

Imports the module, which must export \`app\`, made by spillway({ … }), and serves it until SIGTERM or SIGINT;
then drains and ends.

Options:
  --port <n>          the port to listen on; 0 takes a free one (default: PORT, or 3000)
  --host <name>       the address to listen on (default: HOST, or 127.0.0.1: this machine only)
  --role <role>       what this process does, where several share a store (default: SPILLWAY_ROLE, or all):
                        gateway  answers calls and queues them
                        worker   runs what is queued, and answers health checks and operators only
                        status   shows receipts, and takes nothing
                        all      each of these
  --drain-delay <duration>
                      how long it says that it is not ready, and serves all the same, before it ends: longer than a
                      load balancer takes to notice (default: 1s)
  --keep-alive <duration>
                      how long an idle connection is kept: longer than a load balancer keeps its own, where that
                      cannot be told to keep them for less (default: 4s)
  --reports <folder>  where the console finds flow reports (default: ./flow-reports)
  --help              show this

Environment:
  PORT, HOST, SPILLWAY_ROLE
                         as the options
  SPILLWAY_ADMIN_TOKEN   the administrator's bearer token; without it, one is made and kept in the data folder,
                         if the store has one`,
  run,
};

const options = {
  port: { type: "string" },
  host: { type: "string" },
  role: { type: "string" },
  "drain-delay": { type: "string" },
  "keep-alive": { type: "string" },
  reports: { type: "string", default: "./flow-reports" },
} as const;

async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = parsed(args);
  const file = onlyModule("serve", positionals, "./app.ts");
  const port = values.port === undefined ? {} : { port: portOf(values.port) };
  const host = values.host === undefined ? {} : { host: hostOf(values.host) };
  const role = values.role === undefined ? {} : { role: roleOf(values.role) };
  const delay = values["drain-delay"];
  const drain = delay === undefined ? {} : { drain: { delay: durationOf("--drain-delay", delay) } };
  const kept = values["keep-alive"];
  const keepAlive = kept === undefined ? {} : { keepAlive: durationOf("--keep-alive", kept) };
  await serve(await appOf(file), {
    ...{ ...port, ...host, ...role, ...drain, ...keepAlive },
    reports: values.reports,
  });
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const mistake = mistakeIn(error);
    const valueless = /^Option '(?:-\w, )?(--[\w-]+)(?: <value>)?' argument (?:missing|is ambiguous)/.exec(
      mistake,
    );
    if (valueless !== null)
      throw new UsageError(
        `${valueless[1]} needs a value: spillway serve ./app.ts --port 3000 --host 127.0.0.1`,
      );
    throw new UsageError(
      `${mistake}. serve has --port, --host, --role, --drain-delay, --keep-alive, --reports and --help.`,
    );
  }
}

function portOf(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new UsageError(
    `--port is ${JSON.stringify(text)}, which is none. Give a whole number from 0 to 65535.`,
  );
}

function roleOf(text: string): Role {
  const role = ROLES.find((known) => known === text);
  if (role) return role;
  throw new UsageError(`--role is ${JSON.stringify(text)}. Give one of ${ROLES.join(", ")}.`);
}

function hostOf(text: string): string {
  if (text.trim() !== "") return text;
  throw new UsageError(
    `--host is ${JSON.stringify(text)}, which is none. Give 127.0.0.1 for this machine only, or 0.0.0.0 for all of its addresses.`,
  );
}
