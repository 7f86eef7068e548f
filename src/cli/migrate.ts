/** `spillway migrate ./app.ts`: the tables of an app's store, made or brought up to date apart from serving. */
import { parseArgs } from "node:util";
import { appOf } from "./app-module.ts";
import { type Command, UsageError } from "./command.ts";

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
  const [file, ...others] = positionalsOf(args);
  if (file === undefined)
    throw new UsageError("migrate needs the module with your app: spillway migrate ./app.ts");
  if (others.length > 0)
    throw new UsageError(`migrate takes one module, and these are more: ${others.join(" ")}`);
  const { engine } = (await appOf(file)).options;
  for (const line of (await engine?.migrate?.()) ?? [nothingFor(engine?.name)]) console.log(line);
  // What the app's module has started, such as a pool of connections, would keep the process.
  process.exit();
}

function nothingFor(engine: string | undefined): string {
  if (engine === undefined) return "Nothing to do: this app has no engine.";
  return `Nothing to do: ${engine} is brought up to date when it is opened.`;
}

function positionalsOf(args: readonly string[]): readonly string[] {
  try {
    return parseArgs({ args: [...args], options: {}, allowPositionals: true }).positionals;
  } catch (error) {
    const message = (error as Error).message.replace(/\.? To specify a positional.*$/s, "");
    throw new UsageError(`${message}. migrate has --help.`);
  }
}
