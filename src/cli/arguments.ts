/** The arguments of a command that is given the module with an app, and options. */
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { UsageError } from "./command.ts";

/** @param next what to do about a mistake: which options there are */
export function argumentsIn<const O extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: O,
  next: string,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${mistakeIn(error)}. ${next}`);
  }
}

/** What `parseArgs` says, without its advice on what only looks like an option. */
export function mistakeIn(error: unknown): string {
  const said = (error as Error).message.replace(/\.? To specify a positional.*$/s, "");
  return said.split("\n")[0] as string;
}

/** @param usage what is typed after the command's name */
export function onlyModule(command: string, positionals: readonly string[], usage: string): string {
  const [file, ...others] = positionals;
  if (file === undefined)
    throw new UsageError(`${command} needs the module with your app: spillway ${command} ${usage}`);
  if (others.length > 0)
    throw new UsageError(`${command} takes one module, and these are more: ${others.join(" ")}`);
  return file;
}
