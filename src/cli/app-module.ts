/** A module that exports an `app`, as commands are given one: imported, or refused with the next step. */
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { App } from "../app/app.ts";
import { withoutServing } from "../node/importing.ts";
import { UsageError } from "./command.ts";

/** The whole path of a module that is there. */
export function modulePath(file: string): string {
  const path = resolve(file);
  if (!existsSync(path))
    throw new UsageError(`There is no file ${path}. Give the path of the module with your app.`);
  if (statSync(path).isDirectory())
    throw new UsageError(`${path} is a folder. Give the module in it: ./app.ts`);
  return path;
}

export async function appOf(file: string): Promise<App> {
  const path = modulePath(file);
  const exported: Readonly<Record<string, unknown>> = await withoutServing(
    path,
    () => import(pathToFileURL(path).href),
  );
  if (isApp(exported["app"])) return exported["app"];
  const names = Object.keys(exported);
  const has = names.length === 0 ? "exports nothing" : `exports: ${names.join(", ")}`;
  const wrong = "app" in exported ? " Its `app` was not made by spillway()." : "";
  throw new UsageError(
    `${path} ${has}.${wrong} Export \`app = spillway({ operations: […] })\`. If it serves itself, run it with node.`,
  );
}

function isApp(value: unknown): value is App {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "app";
}
