/**
 * Keeps one PostgreSQL for all test processes of a run: `keeper.ts VERSION SOCKET`. Whoever is connected to its socket
 * holds it, and is told its address in one line; when nobody has been for ten seconds, it ends.
 */
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { VERSIONS } from "./installation.ts";
import { Postmaster } from "./postmaster.ts";

const LINGERS_MS = 10_000;
const LONGEST_MS = 2 * 3_600_000;

const [wanted, path = ""] = process.argv.slice(2);
const version = VERSIONS.find((known) => String(known) === wanted);
if (version === undefined) throw new Error(`There is no PostgreSQL ${wanted} here.`);

const postmaster = await Postmaster.start({ version });
let holders = 0;
let lingering = setTimeout(end, LINGERS_MS);
const server = createServer((holder) => {
  clearTimeout(lingering);
  holders += 1;
  holder.on("error", () => {});
  holder.on("close", () => {
    holders -= 1;
    if (holders === 0) lingering = setTimeout(end, LINGERS_MS);
  });
  holder.resume().write(`${postmaster.url}\n`);
});
// Left behind by one that was killed; whoever starts a keeper has made sure that none listens.
rmSync(path, { force: true });
server.listen(path);
setTimeout(end, LONGEST_MS).unref();

async function end(): Promise<void> {
  server.close();
  rmSync(path, { force: true });
  await postmaster.remove();
  process.exit();
}
