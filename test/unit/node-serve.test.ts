// serve() and `spillway serve` as a person and a process manager see them: what is printed, where the admin token is,
// how signals drain, and how storage that failed ends everything at once.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { SpillwayError } from "../../src/core/errors.ts";
import { consoleFolder, isBuilt } from "../../src/node/console.ts";
import { type Served, type ServeOptions, serve } from "../../src/node/index.ts";
import { RawClient } from "../support/raw-client.ts";
import { app } from "../support/small-app.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-node-"));
after(() => rmSync(folder, { recursive: true }));

const main = join(import.meta.dirname, "../../src/cli/main.ts");
const smallApp = join(import.meta.dirname, "../support/small-app.ts");
const servingApp = join(import.meta.dirname, "../support/serving-app.ts");

class Run {
  readonly child: ChildProcess;
  out = "";
  errors = "";
  readonly ended: Promise<number | null>;
  #wake: () => void = () => undefined;

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [main, ...args], {
      env: {
        ...process.env,
        NODE_NO_WARNINGS: "1",
        PORT: "0",
        HOST: "",
        SPILLWAY_ADMIN_TOKEN: "",
        SPILLWAY_ROLE: "",
        SMALL_APP_SAYS: "1",
        ...environment,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.on("data", (text) => {
      this.out += text;
      this.#wake();
    });
    this.child.stderr?.on("data", (text) => {
      this.errors += text;
    });
    this.ended = new Promise((resolve) => this.child.on("close", resolve));
    void this.ended.then(() => this.#wake());
  }

  async says(text: string): Promise<void> {
    while (!this.out.includes(text)) {
      assert.equal(this.child.exitCode, null, this.errors);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async port(): Promise<number> {
    await this.says("A note.");
    return Number(/Listening on http:\/\/127\.0\.0\.1:(\d+)\n/.exec(this.out)?.[1]);
  }
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

suite("serve()", () => {
  async function served(options: ServeOptions, run: (server: Served, lines: string[]) => unknown) {
    const lines: string[] = [];
    const server = await serve(app, { port: 0, signals: false, log: (line) => lines.push(line), ...options });
    try {
      await run(server, lines);
    } finally {
      await server.close();
    }
  }

  test("says where it listens, where things are kept, and what the app has to say", () =>
    served({ console: false }, ({ url, port }, lines) => {
      assert.equal(url, `http://127.0.0.1:${port}`);
      assert.deepEqual(lines, [
        `Listening on ${url}`,
        "Data: nowhere",
        "Admin token: none; set SPILLWAY_ADMIN_TOKEN to have one",
        "A note.",
      ]);
    }));
  test("says where the console is, and has none where it is turned off", async () => {
    // Without one in the app behind it either: what answers 404 there is the app.
    await served({ console: false }, async ({ url }, lines) => {
      assert.ok(!lines.some((line) => line.startsWith("Console")));
      assert.equal(await (await fetch(`${url}/console/`)).text(), "nothing");
    });
    if (!isBuilt(consoleFolder())) return;
    await served({}, ({ url }, lines) => assert.ok(lines.includes(`Console: ${url}/console/`)));
  });
  test("says that any Host is answered where it can be reached from elsewhere", () =>
    served({ host: "0.0.0.0" }, ({ url, port }, lines) => {
      assert.equal(url, `http://localhost:${port}`);
      assert.equal(lines[0], `Listening on ${url} and every other address of this machine.`);
      assert.ok(lines.some((line) => line.includes("hosts")));
    }));
  test("says when the admin token is easily guessed", () =>
    served({ adminToken: "secret" }, (_server, lines) => {
      assert.ok(lines.some((line) => line.startsWith("The admin token is short")));
      assert.ok(!lines.some((line) => line.includes("secret")));
    }));
  test("serves on IPv6", () =>
    served({ host: "::1" }, async ({ url }) => assert.equal((await fetch(`${url}/x`)).status, 404)));
  test("keeps idle connections for as long as a load balancer needs, and announces it", () =>
    served({ keepAlive: "65s" }, async ({ port }) => {
      const client = new RawClient(port).send(get("/x"));
      assert.equal((await client.reply()).headers["keep-alive"], "timeout=65");
      client.destroy();
    }));
  test("closing twice is closing once", () =>
    served({}, async (server) => {
      await Promise.all([server.close(), server.close()]);
      await assert.rejects(fetch(server.url));
    }));

  const isRefused = (options: ServeOptions, pattern: RegExp) =>
    assert.rejects(serve(app, { signals: false, log: () => undefined, ...options }), (error) => {
      assert.ok(error instanceof SpillwayError);
      assert.equal(error.code, "configuration");
      assert.match(error.message, pattern);
      return true;
    });

  test("a time for idle connections that cannot be announced is refused", async () => {
    await isRefused({ keepAlive: "1500ms" }, /^keepAlive is "1500ms"\. Give whole seconds from "1s" to "1h"/);
    await isRefused({ keepAlive: "2h" }, /^keepAlive is "2h"\. Give whole seconds/);
  });
  test("a port in use is named, with the way to another", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const address = other.address();
    assert.ok(typeof address === "object" && address !== null);
    await isRefused(
      { port: address.port },
      new RegExp(`^Port ${address.port} on 127\\.0\\.0\\.1 is in use\\. .*PORT=.*--port`),
    );
    other.close();
  });
  test("what cannot be meant is refused by name", async () => {
    await isRefused({ port: 70_000 }, /^The port is 70000/);
    await isRefused({ port: 0, host: "203.0.113.7" }, /^"203\.0\.113\.7" is no address of this machine/);
    await isRefused({ port: 0, host: "" }, /^The host is "", which is none\. Set HOST.*127\.0\.0\.1/);
    await isRefused({ port: 0, adminToken: "" }, /^The admin token/);
    await isRefused({ port: 0, adminToken: "with a space in it, and long" }, /^The admin token/);
    await isRefused({ port: 0, reports: main }, /^reports is ".*main\.ts", which is no folder\./);
    // @ts-expect-error: not a role
    await isRefused({ port: 0, role: "boss" }, /^The role is "boss", which is none\. Give all, gateway/);
    // @ts-expect-error: not a duration
    await isRefused({ port: 0, drain: { limit: "soon" } }, /^drain\.limit is "soon"/);
  });
});

suite("the admin token", () => {
  const file = join(folder, "admin-token");
  const start = async (environment: Readonly<Record<string, string>> = {}) => {
    const run = new Run(["serve", smallApp], { SMALL_APP_FOLDER: folder, ...environment });
    await run.port();
    run.child.kill("SIGKILL");
    await run.ended;
    return run.out + run.errors;
  };

  test("is made at first start, private, kept, and never printed", async () => {
    const out = await start();
    const token = readFileSync(file, "utf8").trim();
    assert.match(token, /^[\w-]{43}$/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.ok(out.includes(`Admin token: in ${file}\n`) && out.includes("accepted 43 characters\n"));
    assert.ok(!out.includes(token));
    assert.ok((await start()).includes("accepted 43 characters"));
    assert.equal(readFileSync(file, "utf8").trim(), token);
  });
  test("is made anew when the file is empty", async () => {
    writeFileSync(file, "", { mode: 0o644 });
    await start();
    assert.match(readFileSync(file, "utf8"), /^[\w-]{43}\n$/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });
  test("is not made when one is set", async () => {
    rmSync(file);
    const out = await start({ SPILLWAY_ADMIN_TOKEN: "0123456789abcdef" });
    assert.ok(out.includes("Admin token: the one that was set\n"));
    assert.ok(!out.includes("0123456789abcdef") && !out.includes("accepted"));
    assert.ok(!existsSync(file));
  });
});

suite("the process", { concurrency: 4 }, () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`${signal} drains: still served, then finished, then closed, exit code 0`, async () => {
      const run = new Run(["serve", smallApp]);
      const port = await run.port();
      const [slow, asking] = [new RawClient(port).send(get("/slow")), new RawClient(port)];
      assert.equal((await asking.send(get("/phase")).reply()).body, "serving");
      run.child.kill(signal);
      await run.says("beginDrain");
      run.child.kill(signal);
      run.child.kill("SIGTERM");
      assert.equal((await asking.send(get("/phase")).reply()).body, "draining");
      assert.equal((await new RawClient(port).send(get("/phase")).reply()).body, "draining", "still accepts");
      assert.equal((await slow.reply()).body, "slow", "what ran was finished and answered");
      assert.equal(await run.ended, 0, run.errors);
      assert.match(run.out, /draining\..*\nbeginDrain\nfinishWork 25000\nclose\nDrained\.\n$/);
      assert.equal(run.errors, "");
    });
  }

  test("goes on when nobody reads its lines any more", async () => {
    const run = new Run(["serve", smallApp]);
    const port = await run.port();
    const asking = new RawClient(port);
    assert.equal((await asking.send(get("/phase")).reply()).status, 200);
    run.child.stdout?.destroy();
    run.child.stderr?.destroy();
    run.child.kill("SIGTERM");
    assert.equal((await asking.send(get("/phase")).reply()).status, 200);
    assert.equal(await run.ended, 0);
  });

  test("storage that failed ends it at once, with one line and exit code 70", async () => {
    const run = new Run(["serve", smallApp]);
    const client = new RawClient(await run.port()).send(get("/fatal"));
    assert.equal(await run.ended, 70);
    assert.equal(client.rest, "", "no reply");
    assert.match(run.errors, /^spillway: .*the disk\\nis gone.* Restart .*\n$/);
  });

  const rows: readonly (readonly [args: readonly string[], code: number, says: RegExp])[] = [
    [[], 0, /^Usage: spillway <command>.*serve/s],
    [["--help"], 0, /^Usage: spillway <command>/],
    [["--version"], 0, /^\d+\.\d+\.\d+\n$/],
    [["serve", "--help"], 0, /^Usage: spillway serve <module>.*--port.*--host/s],
    [["sevre"], 2, /^spillway: There is no command "sevre"\. There are: serve/],
    [["--frob"], 2, /^spillway: There is no option "--frob"/],
    [["serve"], 2, /^spillway: serve needs the module/],
    [["serve", "a", "b"], 2, /^spillway: serve takes one module.*: b\n$/],
    [["serve", smallApp, "--frob"], 2, /^spillway: Unknown option '--frob'\. serve has --port/],
    [["serve", smallApp, "--port", "x"], 2, /^spillway: --port is "x"/],
    [["serve", "nowhere.ts"], 2, /^spillway: There is no file .*nowhere\.ts/],
    [
      ["serve", main.replace("main.ts", "command.ts")],
      2,
      /exports: UsageError, isForPeople\. Export `app = spillway.* run it with node\.\n$/,
    ],
    [["serve", smallApp, "--role", "boss"], 2, /^spillway: --role is "boss"\. Give one of all, gateway/],
    [
      ["serve", smallApp, "--drain-delay", "soon"],
      2,
      /^spillway: --drain-delay is "soon", which is no duration/,
    ],
    [["serve", smallApp, "--keep-alive", "4"], 2, /^spillway: --keep-alive is "4", which is no duration/],
    [["migrate"], 2, /^spillway: migrate needs the module/],
    [["migrate", "a", "b"], 2, /^spillway: migrate takes one module.*: b\n$/],
    [["migrate", "a", "--frob"], 2, /^spillway: Unknown option '--frob'\. migrate has --help/],
    [["migrate", smallApp], 0, /^Nothing to do: this app has no engine\.\n$/],
    [["serve", smallApp, "--port", "99999"], 2, /^spillway: --port is "99999".*65535/],
    [["serve", "nowhere.ts", "--port"], 2, /^spillway: --port needs a value/],
    [["serve", "nowhere.ts", "--keep-alive"], 2, /^spillway: --keep-alive needs a value/],
    [["serve", "nowhere.ts", "--port", "--host"], 2, /^spillway: --port needs a value/],
    [["serve", "nowhere.ts", "--host", ""], 2, /^spillway: --host is "".*127\.0\.0\.1/],
    [["serve", import.meta.dirname], 2, /^spillway: .* is a folder\. Give the module in it: \.\/app\.ts\n$/],
    [["serve", servingApp], 1, /serving-app\.ts serves its app when it is imported\. Move `await serve/],
    [
      ["lab", servingApp, "--operation", "act"],
      2,
      /serving-app\.ts serves its app when it is imported\. Move `await serve/,
    ],
    [["help"], 0, /^Usage: spillway <command>/],
    [["help", "serve"], 0, /^Usage: spillway serve <module>/],
    [["help", "sevre"], 2, /^spillway: There is no command "sevre"/],
  ];
  for (const [args, code, says] of rows) {
    test(`spillway ${args.map((arg) => arg.split("/").at(-1)).join(" ")}`, async () => {
      const run = new Run(args);
      assert.equal(await run.ended, code, run.errors);
      assert.match(code === 0 ? run.out : run.errors, says);
      assert.equal(code === 0 ? run.errors : run.out, "");
    });
  }
});
