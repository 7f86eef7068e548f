/** How connections to the store are opened: the owner's, which alone writes, and the engine's, which only reads. */
import { DatabaseSync } from "node:sqlite";
import { inspect } from "./schema.ts";

/** Another's lock, such as of a shell that looks at the file, is waited for so long. */
const BUSY_MS = 1_000;
const OWNER_CACHE_KIB = 32_768;

export function openWriter(file: string, maxPages: number | undefined): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: BUSY_MS });
  inspect(database, file);
  // The page size is settled by the first write, and journal_mode=WAL is one. temp_store: nothing is ever written
  // to another folder, and no descriptor is needed while serving.
  database.exec(`
    PRAGMA page_size = 4096;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA mmap_size = 0;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -${OWNER_CACHE_KIB};
  `);
  if (maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${maxPages}`);
  return database;
}

export function openReader(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
  database.exec("PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY");
  return database;
}
