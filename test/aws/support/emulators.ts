/** DynamoDB and SQS for tests, each in a process of its own that ends with this one, however this one ends. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { Socket } from "node:net";
import { join } from "node:path";

export type Endpoints = { readonly dynamodb: string; readonly sqs: string };

const tools = join(import.meta.dirname, "../../../tools/aws");
const python = "python3";

/** Another DynamoDB than moto, such as DynamoDB Local, whose licence is its user's affair. */
const elsewhere = process.env["SPILLWAY_TEST_DYNAMODB"];

export const hasMoto = (): boolean =>
  spawnSync(python, ["-c", "import importlib.util as i, sys; sys.exit(not i.find_spec('moto'))"]).status ===
  0;

const required = process.env["SPILLWAY_REQUIRE"]?.split(",").includes("moto");

/** Why a test that needs DynamoDB is skipped, for `node:test`; where it is required, never. */
export const missingMoto = (): string | false =>
  required || elsewhere || hasMoto()
    ? false
    : `needs moto, which ${python} does not have; SPILLWAY_REQUIRE=moto insists on it`;

let started: Promise<Endpoints> | undefined;

/** The emulators of this process, started when first asked for. */
export function endpoints(): Promise<Endpoints> {
  started ??= start();
  return started;
}

async function start(): Promise<Endpoints> {
  const [dynamodb, sqs] = await Promise.all([
    elsewhere ?? emulator(python, "serial-moto.py"),
    emulator(process.execPath, "sqs.js"),
  ]);
  return { dynamodb, sqs };
}

async function emulator(command: string, file: string): Promise<string> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(command, [join(tools, file)], { env, stdio: ["pipe", "pipe", "pipe"] });
  let printed = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    printed = (printed + text).slice(-4_000);
  });
  const listening = once(child.stdout.setEncoding("utf8"), "data").then(([line]) => String(line));
  const ended = once(child, "close").then(([code]) => `ended with ${code}`);
  const line = await Promise.race([listening, ended]);
  const port = /^listening (\d+)/.exec(line)?.[1];
  if (port === undefined) {
    throw new Error(
      `tools/aws/${file} did not start: ${line}. It printed:\n${printed}\n\`npm ci --ignore-scripts\` in tools/aws and \`pip install 'moto[server]'\` install what it needs.`,
    );
  }
  letGo(child);
  return `http://127.0.0.1:${port}`;
}

/** This process may end while it runs: its standard input closes then, and it ends too. */
function letGo(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    if (stream instanceof Socket) stream.unref();
  }
}
