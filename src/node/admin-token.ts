/** The admin token that is made at first start: kept in the data folder, readable by its owner only, never printed. */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

const TOKEN_BYTES = 32;
const OWNER_ONLY = 0o600;

export type KeptToken = { readonly token: string; readonly file: string };

export function keptAdminToken(folder: string): KeptToken {
  const file = join(folder, "admin-token");
  const token = readToken(file) ?? makeToken(file);
  return { token, file };
}

function readToken(file: string): string | undefined {
  try {
    const token = readFileSync(file, "utf8").trim();
    chmodSync(file, OWNER_ONLY);
    return token === "" ? undefined : token;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Appears whole or not at all: a crash must not leave half a token, which would be a short one. */
function makeToken(file: string): string {
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  const unfinished = `${file}.new`;
  rmSync(unfinished, { force: true });
  const descriptor = openSync(unfinished, "wx", OWNER_ONLY);
  try {
    writeSync(descriptor, `${token}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(unfinished, file);
  return token;
}
