/**
 * The command line. Finds the command, shows help, and turns what went wrong into a message and an exit code: 2 for a
 * command line that cannot be followed, 1 for everything else. What a command does is its own file's affair.
 */
import { type Command, isForPeople, UsageError } from "./command.ts";
import { doctorCommand } from "./doctor.ts";
import { labCommand } from "./lab.ts";
import { migrateCommand } from "./migrate.ts";
import { serveCommand } from "./serve.ts";
import { synthCommand } from "./synth.ts";
import { version } from "./version.ts";

const commands: Readonly<Record<string, Command>> = {
  serve: serveCommand,
  migrate: migrateCommand,
  lab: labCommand,
  synth: synthCommand,
  doctor: doctorCommand,
};

const [first, ...rest] = process.argv.slice(2);
try {
  await follow(first, rest);
} catch (error) {
  console.error(isForPeople(error) ? `spillway: ${error.message}` : error);
  // Not exitCode: what a module started while it was imported would keep the process.
  process.exit(error instanceof UsageError ? 2 : 1);
}

async function follow(name: string | undefined, args: readonly string[]): Promise<void> {
  const [topic] = args;
  if (name === "help" && topic !== undefined) return follow(topic, ["--help"]);
  if (name === undefined || name === "--help" || name === "-h" || name === "help")
    return console.log(overview());
  if (name === "--version" || name === "-v") return console.log(version());
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    const what = name.startsWith("-") ? "option" : "command";
    const known = [...Object.keys(commands), "--help", "--version"].join(", ");
    throw new UsageError(`There is no ${what} ${JSON.stringify(name)}. There are: ${known}.`);
  }
  if (args.includes("--help") || args.includes("-h")) return console.log(command.help);
  await command.run(args);
}

function overview(): string {
  const names = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`);
  return `Usage: spillway <command> [options]

Commands:
${names.join("\n")}

  spillway <command> --help   what a command takes
  spillway --version          the version of this installation`;
}
