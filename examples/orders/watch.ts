/** Follows one receipt over the socket until its job has ended: a line for every change, then what came of it. */
import { parseArgs } from "node:util";
import { Client, member, NoAnswer } from "./client.ts";
import { isFinal, type Receipt, ReceiptSocket } from "./receipts.ts";

const USAGE = `npm run watch -- <receipt> [--url http://127.0.0.1:3000]

  <receipt>   its id, its path /receipts/<id>, or its whole URL: what a 202 has in its Location
  --url       the server, if it is not that one

Get a receipt with:
  curl -si -H 'content-type: application/json' -d '{"sku":"lamp","quantity":1}' http://127.0.0.1:3000/operations/place-order-event`;

const DEFAULT_URL = "http://127.0.0.1:3000";
/** The server may be restarted, and may take a while over it. */
const GIVE_UP_MS = 5 * 60_000;

class Told extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

type Target = { readonly url: string; readonly id: string };

/** Undefined where help is all that is wanted. */
function targetOf(args: readonly string[]): Target | undefined {
  const { values, positionals } = parsed(args);
  const [given] = positionals;
  if (values.help) return undefined;
  if (given === undefined || positionals.length > 1) throw new Told(USAGE, 2);
  const base = values.url ?? DEFAULT_URL;
  if (!URL.canParse(given, base) || new URL(base).protocol !== "http:")
    throw new Told(`"${given}" at ${base} is nothing that can be followed.\n\n${USAGE}`, 2);
  if (!given.includes("/")) return { url: new URL(base).origin, id: given };
  const { origin, pathname } = new URL(given, base);
  const id = /^\/receipts\/([^/]+)(?:\/events)?$/.exec(pathname)?.[1];
  if (id === undefined) throw new Told(`"${given}" is no receipt's path: that is /receipts/<id>.`, 2);
  return { url: origin, id: decodeURIComponent(id) };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { url: { type: "string" }, help: { type: "boolean", short: "h", default: false } },
    });
  } catch (error) {
    throw new Told(`${(error as Error).message}\n\n${USAGE}`, 2);
  }
}

/** Says at once what is wrong, where a socket would only fail to open. */
async function checkServer(url: string): Promise<void> {
  const client = new Client([url], 1, undefined);
  try {
    const { status, body } = await client.get("/health/live");
    if (status !== 200 || member(body, "status") !== "live")
      throw new Told(`What answers at ${url} is not a Spillway server. Say where it is with --url.`);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    throw new Told(
      `Nothing answers at ${url}. Start the server with npm start, or say where it is with --url.`,
    );
  } finally {
    client.close();
  }
}

function follow({ url, id }: Target): Promise<Receipt> {
  return new Promise((resolve, reject) => {
    let shown = "";
    let givingUp: NodeJS.Timeout | undefined;
    const end = (settle: () => void): void => {
      clearTimeout(givingUp);
      socket.close();
      settle();
    };
    const giveUp = () =>
      end(() => reject(new Told(`The server did not come back within ${GIVE_UP_MS / 60_000} minutes.`)));
    const socket = new ReceiptSocket(url, {
      onReceipt: (receipt) => {
        const line = describe(receipt);
        if (line !== shown) console.log(`${new Date().toISOString().slice(11, 23)}  ${line}`);
        shown = line;
        if (isFinal(receipt)) end(() => resolve(receipt));
      },
      onProblem: ({ code, title, detail }) =>
        end(() =>
          reject(
            new Told(
              code === "unknown-receipt"
                ? `${url} knows no receipt ${id}. It may be another server's, or have ended long ago.`
                : `${title ?? "The server refused"}${detail ? `: ${detail}` : ""}`,
            ),
          ),
        ),
      onLost: () => {
        if (givingUp !== undefined) return;
        givingUp = setTimeout(giveUp, GIVE_UP_MS);
        console.log("connection lost, trying again…");
      },
      onBack: () => {
        clearTimeout(givingUp);
        givingUp = undefined;
        console.log("connected again");
      },
    });
    socket.follow(id);
    socket
      .open()
      .catch((error: Error) => end(() => reject(new Told(`${url} opens no socket: ${error.message}`))));
  });
}

/** One state in one line; the same line means that nothing worth a line has changed. */
function describe(receipt: Receipt): string {
  const { status, attempt, maxAttempts, progress, error, availableAt } = receipt;
  const later = status === "queued" && Date.parse(availableAt) > Date.now();
  const ratio = progress?.ratio;
  const parts = [
    status.padEnd(9),
    attempt === 0 ? "" : `attempt ${attempt} of ${maxAttempts}`,
    ratio === undefined ? "" : `${Math.round(ratio * 100)}%`,
    progress?.message ?? "",
    // While it runs again the receipt still has the error of the attempt before.
    status === "running" ? "" : (error?.title ?? ""),
    later ? `again at ${availableAt.slice(11, 23)}` : "",
  ];
  return parts.filter((part) => part !== "").join("  ");
}

async function main(): Promise<void> {
  const target = targetOf(process.argv.slice(2));
  if (target === undefined) return console.log(USAGE);
  await checkServer(target.url);
  const receipt = await follow(target);
  const came = receipt.status === "succeeded" ? (receipt.output ?? null) : receipt.error;
  if (came !== undefined) console.log(JSON.stringify(came, null, 2));
  process.exitCode = receipt.status === "succeeded" ? 0 : 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Told ? error.message : error);
  process.exitCode = error instanceof Told ? error.exitCode : 1;
}
