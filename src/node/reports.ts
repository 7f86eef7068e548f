/**
 * Flow reports in a folder: `NAME.json`, or `NAME/report.json` as the lab leaves one beside its page. Anything may lie
 * there, so that names are checked, links are not followed, and what cannot be read is said instead of shown.
 */
import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ReportEntry, Reports } from "../door/reports.ts";

/** What the page that shows a report understands. */
const KIND = "spillway-flow-report";
const VERSION = 1;
/** A report of a long run has some hundred KiB. */
const MOST_BYTES = 8 * 1024 * 1024;
/** More are not looked at: a folder of so many is no folder of reports. */
const MOST_REPORTS = 1_000;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,119}$/;

type Known = { readonly stamp: string; readonly entry: ReportEntry };

export class ReportsFolder implements Reports {
  readonly #folder: string;
  /** By name; a report is read again when its file has changed. */
  #known: ReadonlyMap<string, Known> = new Map();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async list(): Promise<readonly ReportEntry[]> {
    const known = new Map<string, Known>();
    // One after another: a report is parsed in one go, and others want to be served meanwhile.
    for (const name of await this.#names()) {
      const found = await this.#look(name);
      if (found) known.set(name, found);
    }
    this.#known = known;
    return [...known.values()].map(({ entry }) => entry);
  }

  async read(name: string): Promise<string | undefined> {
    if (!NAME.test(name)) return undefined;
    return this.#opened(name, async (file, size) => {
      const text = size > MOST_BYTES ? undefined : await file.readFile("utf8");
      return text !== undefined && "report" in reportIn(text) ? text : undefined;
    });
  }

  async #names(): Promise<readonly string[]> {
    const entries = await readdir(this.#folder, { withFileTypes: true }).catch(unlessMissing);
    return (entries ?? [])
      .filter((entry) => NAME.test(entry.name) && (entry.isDirectory() || isFileName(entry.name)))
      .map(({ name }) => name)
      .sort()
      .reverse()
      .slice(0, MOST_REPORTS);
  }

  #look(name: string): Promise<Known | undefined> {
    return this.#opened(name, async (file, size, changedMs) => {
      const stamp = `${size} ${changedMs}`;
      const known = this.#known.get(name);
      if (known?.stamp === stamp) return known;
      return { stamp, entry: await entryOf(name, file, size, new Date(changedMs).toISOString()) };
    });
  }

  /** Undefined where there is no such file, or it is not one of this folder's own. */
  async #opened<T>(
    name: string,
    use: (file: FileHandle, size: number, changedMs: number) => Promise<T>,
  ): Promise<T | undefined> {
    const place = join(this.#folder, name);
    // The last step of a path is guarded by its opening; this is the one before it.
    if (!isFileName(name) && !(await lstat(place).catch(unlessMissing))?.isDirectory()) return undefined;
    const path = isFileName(name) ? place : join(place, "report.json");
    // Not blocking: a named pipe would hold its reader up until somebody writes.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = await open(path, flags).catch(unlessMissing);
    try {
      const stats = await file?.stat();
      return file && stats?.isFile() ? await use(file, stats.size, stats.mtimeMs) : undefined;
    } finally {
      await file?.close();
    }
  }
}

const isFileName = (name: string) => name.endsWith(".json");

async function entryOf(name: string, file: FileHandle, size: number, madeAt: string): Promise<ReportEntry> {
  if (size > MOST_BYTES)
    return { name, madeAt, damaged: `It has ${size} bytes; reports have up to ${MOST_BYTES}.` };
  const found = reportIn(await file.readFile("utf8"));
  return "damaged" in found ? { name, madeAt, ...found } : { name, ...found.report };
}

type Told = Readonly<Record<string, unknown>>;
type Summary = Omit<Extract<ReportEntry, { readonly flow: unknown }>, "name">;

function reportIn(text: string): { readonly report: Summary } | { readonly damaged: string } {
  const told = parsed(text);
  if (!told) return { damaged: "It is not a JSON object." };
  if (told["kind"] !== KIND) return { damaged: `It is no flow report: its kind is not "${KIND}".` };
  if (told["version"] !== VERSION)
    return {
      damaged: `It is of version ${JSON.stringify(told["version"])}; this Spillway shows ${VERSION}.`,
    };
  const { madeAt, operation, app, lanes } = told;
  const time = typeof madeAt === "string" ? Date.parse(madeAt) : Number.NaN;
  if (Number.isNaN(time) || typeof operation !== "string" || typeof app !== "string" || !Array.isArray(lanes))
    return { damaged: "It has no madeAt, operation, app or lanes." };
  const offered = lanes.reduce((sum: number, lane) => sum + (Number(lane?.counts?.offered) || 0), 0);
  const flow = (told["recommendation"] as Told | undefined)?.["flow"];
  const recommended = typeof flow === "string" ? flow : null;
  return { report: { madeAt: new Date(time).toISOString(), operation, app, offered, flow: recommended } };
}

function parsed(text: string): Told | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Told) : undefined;
  } catch {
    return undefined;
  }
}

/** Gone meanwhile, or a link, or no folder: none of this server's reports. */
function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (["ENOENT", "ENOTDIR", "ELOOP", "EMLINK", "EACCES", "ENXIO"].includes(error.code ?? ""))
    return undefined;
  throw error;
}
