/**
 * The console's files, as the bundler left them in a folder: read once, when somebody first asks, and then served
 * from memory. They hold no data, so nobody is asked who they are; everything they show comes from `/admin/`.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ProblemCode } from "../core/errors.ts";
import type { Door, DoorRequest, Reply } from "../door/exchange.ts";
import { refusal } from "./refusal.ts";

const ALLOW = "GET, HEAD, OPTIONS";
const PAGE = "index.html";
/** As the bundler names what it may be asked for again: main-5XKQ2H7A.js. */
const DIGESTED = /-[A-Z0-9]{8}\.(?:js|css)$/;
const NOT_BUILT =
  "The console's files are not there. In a clone, npm start makes them, or: node console/build.js";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};

/** Payloads that were sent by anybody are shown here: should one ever become a script, it must not run. */
const GUARDS = [
  ...["content-security-policy", policy()],
  ...["x-content-type-options", "nosniff"],
  ...["referrer-policy", "no-referrer"],
  ...["cross-origin-opener-policy", "same-origin"],
  ...["cross-origin-resource-policy", "same-origin"],
];

function policy(): string {
  const self = ["script-src", "style-src", "connect-src", "font-src"].map((what) => `${what} 'self'`);
  const none = ["base-uri", "form-action", "frame-ancestors"].map((what) => `${what} 'none'`);
  return ["default-src 'none'", ...self, "img-src 'self' data:", ...none].join("; ");
}

type File = { readonly plain: Uint8Array; readonly gzip: Uint8Array; readonly headers: readonly string[] };
type Files = ReadonlyMap<string, File>;

/** Beside this folder in the published package; in a clone, where its sources are. */
export function consoleFolder(): string {
  const [published, clone] = ["../console/", "../../console/.bundle/"].map((at) =>
    fileURLToPath(new URL(at, import.meta.url)),
  ) as [string, string];
  return isBuilt(published) ? published : clone;
}

export function isBuilt(folder: string): boolean {
  return existsSync(join(folder, PAGE));
}

export class ConsoleDoor implements Door {
  readonly #door: Door;
  readonly #folder: string;
  #files: Promise<Files> | undefined;

  /** `door`: serves everything else. */
  constructor(door: Door, folder: string) {
    this.#door = door;
    this.#folder = folder;
  }

  handle(request: DoorRequest): Promise<Reply> {
    const { path } = request;
    if (path.startsWith("/console/")) return this.#console(request, path.slice("/console/".length));
    return path === "/console" ? this.#console(request, undefined) : this.#door.handle(request);
  }

  upgrade(request: DoorRequest): ReturnType<Door["upgrade"]> {
    return this.#door.upgrade(request);
  }

  async #console({ method, headers }: DoorRequest, name: string | undefined): Promise<Reply> {
    if (method === "OPTIONS") return { status: 204, headers: ["allow", ALLOW], body: "" };
    if (method !== "GET" && method !== "HEAD")
      return problem("method-not-allowed", `It takes ${ALLOW}.`, ["allow", ALLOW]);
    if (name === undefined) return { status: 308, headers: ["location", "/console/", ...GUARDS], body: "" };
    const files = await this.#loaded();
    // Whatever is no file is a path inside the page: a reload there must find the page.
    const isFile = name.includes(".") && !name.includes("/");
    const file = files?.get(isFile ? name : PAGE);
    if (!file)
      return problem("not-found", files ? `Nothing is at /console/${name.slice(0, 100)}.` : NOT_BUILT);
    return replyWith(file, headers);
  }

  /** Undefined as long as there are none; they may still be made. */
  async #loaded(): Promise<Files | undefined> {
    try {
      this.#files ??= load(this.#folder);
      return await this.#files;
    } catch (error) {
      this.#files = undefined;
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }
}

/** Nothing else of the folder: what is a template there is no page here. */
async function load(folder: string): Promise<Files> {
  const names = (await readdir(folder)).filter((name) => DIGESTED.test(name));
  // Not at the top: who opens no console needs no compression, which is 1 MiB and some milliseconds.
  const { constants, gzip } = await import("node:zlib");
  const compressed = (plain: Uint8Array) => promisify(gzip)(plain, { level: constants.Z_BEST_COMPRESSION });
  const files = [PAGE, ...names].map(async (name) => {
    const plain = await readFile(join(folder, name));
    const file: File = { plain, gzip: await compressed(plain), headers: headersOf(name, plain) };
    return [name, file] as const;
  });
  return new Map(await Promise.all(files));
}

function headersOf(name: string, plain: Uint8Array): readonly string[] {
  const caching = DIGESTED.test(name) ? "public, max-age=31536000, immutable" : "no-cache";
  // Weak: the compressed form goes by the same name.
  const tag = createHash("sha256").update(plain).digest("base64url").slice(0, 22);
  return [
    ...["content-type", TYPES[extname(name)] ?? "application/octet-stream"],
    ...["cache-control", caching, "etag", `W/"${tag}"`, "vary", "Accept-Encoding"],
    ...GUARDS,
  ];
}

function replyWith({ plain, gzip, headers }: File, asked: DoorRequest["headers"]): Reply {
  const tag = headers[headers.indexOf("etag") + 1] as string;
  if (String(asked["if-none-match"] ?? "").includes(tag)) return { status: 304, headers, body: "" };
  if (!takesGzip(String(asked["accept-encoding"] ?? "")))
    return { status: 200, headers, body: "", bytes: plain };
  return { status: 200, headers: [...headers, "content-encoding", "gzip"], body: "", bytes: gzip };
}

/** RFC 9110 §12.5.3, for the one coding there is. */
function takesGzip(accepted: string): boolean {
  return accepted
    .split(",")
    .some((one) => /^\s*(?:gzip|x-gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/i.test(one));
}

function problem(code: ProblemCode, detail: string, headers: readonly string[] = []): Reply {
  return { ...refusal(code, detail, headers), close: false };
}
