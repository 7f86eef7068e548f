/** `spillway migrate ./app.ts`: the tables of an app's store, made or brought up to date apart from serving. */
import { appOf } from "./app-module.ts";
import { argumentsIn, onlyModule } from "./arguments.ts";
import type { Command } from "./command.ts";

export const migrateCommand: Command = {
  summary: "make the tables of the app's store, or bring them up to date",
  help: `Usage: spillway migrate <module>

Imports the module, which must export \`app\` and start nothing by being imported, and brings the tables of its store to
the form that this version of Spillway needs. One at a time, however many are started; what is done already is left as
it is. Serve the app only when this has ended.

\`spillway serve\` does the same at its start. This command is for those whose servers may not: give the engine
postgres(url, { migrate: false }), and run this with a URL whose user may make tables.

Options:
  --help   show this`,
  run,
};

async function run(args: readonly string[]): Promise<void> {
  const { positionals } = argumentsIn(args, {}, "migrate has --help.");
  const file = onlyModule("migrate", positionals, "./app.ts");
  const { engine } = (await appOf(file)).options;
  for (const line of (await engine?.migrate?.()) ?? [nothingFor(engine?.name)]) console.log(line);
  // What the app's module has started, such as a pool of connections, would keep the process.
  process.exit();
}

function nothingFor(engine: string | undefined): string {
  if (engine === undefined) return "Nothing to do: this app has no engine.";
  return `Nothing to do: ${engine} is brought up to date when it is opened.`;
}
