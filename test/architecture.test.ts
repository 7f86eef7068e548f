// Holds the whole tree against the rules of scripts/architecture.ts, the lockfiles against what may be installed, and
// proves by planted breaches that the checker would see them.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { suite, test } from "node:test";
import {
  ambientAllowed,
  importBreaches,
  importsOf,
  machinePath,
  type SourceFile,
  textBreaches,
} from "../scripts/architecture.ts";

type LockEntry = {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  readonly inBundle?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};

const root = join(import.meta.dirname, "..");
const unread = new Set(["node_modules", "dist", "coverage", ".git", ".bundle"]);

const tree: readonly SourceFile[] = readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
  .filter((path) => !path.split("/").some((segment) => unread.has(segment)))
  .filter((path) => /(?:\.(?:tsx?|js|json|md|ya?ml|html|css|sh)|^\.ci\/run)$/.test(path))
  .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

const sources = tree.filter(({ path }) =>
  /^(?:src|test|examples|bench|scripts|console)\/.*\.tsx?$/.test(path),
);

const lockfiles = tree
  .filter(({ path }) => path.endsWith("package-lock.json"))
  .map(({ path, text }) => ({
    path,
    packages: Object.entries(JSON.parse(text).packages as Record<string, LockEntry>).filter(
      ([name]) => name !== "",
    ),
  }));

const readIfThere = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "");

const none = (breaches: readonly string[]) => assert.deepEqual(breaches, [], `\n${breaches.join("\n")}\n`);

suite("the tree", () => {
  test("every import follows the dependency table", () => none(importBreaches(sources)));

  test("no source file says what the house style rules out", () => none(textBreaches(sources)));

  test("no file names a path of somebody's machine", () =>
    none(tree.filter(({ text }) => machinePath.test(text)).map(({ path }) => path)));

  test("every permission to touch time, chance or the process has a reason", () =>
    none(ambientAllowed.filter(({ why }) => why.length === 0).map(({ where }) => where)));
});

suite("the lockfiles", () => {
  const packages = lockfiles.flatMap(({ path, packages }) =>
    packages.map(([name, entry]) => ({ name: `${path}: ${name}`, entry })),
  );

  test("every folder with dependencies has one", () => {
    const manifests = tree.filter(
      ({ path, text }) => path.endsWith("package.json") && /"(?:d|devD|optionalD)ependencies"/.test(text),
    );
    const expected = manifests.map(({ path }) => path.replace(/package\.json$/, "package-lock.json"));
    assert.deepEqual(lockfiles.map(({ path }) => path).sort(), expected.sort());
  });

  test("every package has its integrity recorded", () =>
    none(
      // What a package carries inside itself is covered by that package's own.
      packages
        .filter(({ entry }) => !entry.integrity && !entry.link && !entry.inBundle)
        .map(({ name }) => name),
    ));

  // npm leaves out of a lockfile, without a word, what its registry does not have; `npm ci` then refuses the lockfile.
  test("every package that another one asks for is there", () => {
    none(
      lockfiles.flatMap(({ path, packages }) => {
        const present = new Set(packages.map(([name]) => name.replace(/^.*node_modules\//, "")));
        const asked = packages.flatMap(([, entry]) =>
          Object.keys({ ...entry.dependencies, ...entry.optionalDependencies }),
        );
        return asked.filter((name) => !present.has(name)).map((name) => `${path}: ${name}`);
      }),
    );
  });

  test("no package is tied to the host of a registry", () =>
    none(packages.filter(({ entry }) => /^https?:/.test(entry.resolved ?? "")).map(({ name }) => name)));

  // One that would is allowed in a folder that forbids it, also to whoever installs there by hand.
  test("no package runs a script when it is installed", () => {
    const forbidden = (path: string) => {
      const folder = path.replace(/package-lock\.json$/, "");
      return /^ignore-scripts=true$/m.test(readIfThere(join(root, folder, ".npmrc")));
    };
    const allowed = lockfiles.filter(({ path }) => forbidden(path)).map(({ path }) => `${path}: `);
    none(
      packages
        .filter(({ name, entry }) => entry.hasInstallScript && !allowed.some((path) => name.startsWith(path)))
        .map(({ name }) => name),
    );
  });

  test("serving needs at most 12 packages from elsewhere", () => {
    const own = lockfiles.find(({ path }) => path === "package-lock.json")?.packages ?? [];
    const required = own.filter(([, entry]) => !entry.dev && !entry.optional).map(([name]) => name);
    assert.ok(required.length > 0, "the root lockfile was read");
    assert.ok(required.length <= 12, required.join(", "));
  });
});

suite("the checker sees a planted breach", () => {
  const edges = (path: string, text: string) => importBreaches([{ path, text }]);

  const planted: readonly (readonly [path: string, text: string, rule: string])[] = [
    ["src/core/gate.ts", 'import { x } from "../door/call.ts";', "core may import only itself"],
    ["src/core/gate.ts", 'import type { X } from "../app/app.ts";', "core may import only itself"],
    ["src/core/gate.ts", 'import { x } from "node:crypto";', "of built-ins, core may import none"],
    ["src/core/gate.ts", 'const x = await import("node:fs");', "of built-ins, core may import none"],
    ["src/core/gate.ts", 'export * from "zod";', "of npm packages, core may import none"],
    ["src/door/call.ts", 'import "../worker/claim.ts";', "door may import only core"],
    [
      "src/door/call.ts",
      'import { request } from "node:http";',
      "of built-ins, door may import only node:crypto",
    ],
    ["src/worker/claim.ts", 'import { hash } from "node:crypto";', "of built-ins, worker may import none"],
    [
      "src/engines/sqlite/index.ts",
      'import { x } from "../memory/index.ts";',
      "engines/sqlite may import only core",
    ],
    [
      "src/engines/sqlite/x.ts",
      'new URL("../../door/x.ts", import.meta.url);',
      "engines/sqlite may import only core",
    ],
    [
      "src/app.ts",
      'import { x } from "./engines/memory/index.ts";',
      "app may import only core, door, worker",
    ],
    [
      "src/node/serve.ts",
      'import { x } from "../engines/x.ts";',
      "node may import only app, core, door, worker",
    ],
    ["src/node/serve.ts", 'import { z } from "zod";', "of npm packages, node may import only ws"],
    [
      "src/extras/x.ts",
      'import { x } from "../core/gate.ts";',
      "extras has no rule in scripts/architecture.ts",
    ],
    [
      "examples/a/app.ts",
      'import { x } from "../../src/index.ts";',
      "examples sees spillway by its public name only",
    ],
    [
      "bench/main.ts",
      'import {\n  a,\n  b,\n} from "../src/core/gate.ts";',
      "bench sees spillway by its public name only",
    ],
  ];

  for (const [path, text, rule] of planted) {
    test(`${path} with ${text.replaceAll("\n", " ")}`, () => {
      assert.deepEqual(edges(path, text), [`${path} → ${importsOf(text)[0]} (${rule})`]);
    });
  }

  test("what the table allows is no breach", () => {
    none([
      ...edges("src/core/gate.ts", 'import { x } from "./clock.ts";\n// import { y } from "node:fs"'),
      ...edges("src/door/call.ts", 'import { createHmac } from "node:crypto";\nimport "../core/gate.ts";'),
      ...edges("src/engines/sqlite/index.ts", 'import { DatabaseSync } from "node:sqlite";'),
      ...edges(
        "src/node/serve.ts",
        'import { WebSocketServer } from "ws";\nimport { app } from "../app/app.ts";',
      ),
      ...edges("src/cli/main.ts", 'import { sqlite } from "../engines/sqlite/index.ts";'),
      ...edges("examples/orders/app.ts", 'import { operation } from "spillway";\nimport "./database.ts";'),
    ]);
  });

  const sayings: readonly (readonly [string, string])[] = [
    ["const now = Date.now();", "Date.now"],
    ["const at = `${new Date().toISOString()}`;", "new Date()"],
    ["setTimeout(() => {}, 1);", "setTimeout"],
    ['import { scheduler } from "node:timers/promises";', "node:timers"],
    ["const chance = Math.random();", "Math.random"],
    ["const key = process.env.KEY;", "process.env"],
    ["console.log(1);", "console."],
    ["const x: any = 1;", "the type any"],
    ["const x = y as any;", "the type any"],
    ["const x: Map<string, any> = y;", "the type any"],
    ["enum Colour { Red }", "an enum"],
    ["export default 1;", "a default export"],
    [`// TO${"DO"}: later`, "unfinished work"],
    [`// see /${"home"}/someone/notes`, "somebody's machine"],
    ["//\n".repeat(301), "301 lines"],
  ];

  for (const [text, what] of sayings) {
    test(`a source file with ${text.slice(0, 60).replaceAll("\n", " ")}`, () => {
      const found = textBreaches([{ path: "src/core/gate.ts", text }]);
      assert.equal(found.length, 1, found.join("\n"));
      assert.ok(found.join().includes(what), found.join());
    });
  }

  test("comments, strings and permitted files are no breach", () => {
    none([
      ...textBreaches([
        { path: "src/core/gate.ts", text: "// Date.now() would be wrong in any case\nfor (const a of b);" },
      ]),
      ...textBreaches([{ path: "src/core/gate.ts", text: 'const s = "export default any enum X";' }]),
      ...textBreaches([{ path: "src/core/clock.ts", text: "export const now = () => Date.now();" }]),
      ...textBreaches([{ path: "src/node/serve.ts", text: "console.log(process.env.PORT);" }]),
    ]);
  });
});
