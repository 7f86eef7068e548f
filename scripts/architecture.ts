// The architecture as data, and the pure functions that hold source text against it: which folder may import what,
// and which files may touch time, chance and the process. Reads nothing; test/architecture.test.ts brings the files.

export type SourceFile = {
  /** Relative to the root, with slashes. */
  readonly path: string;
  readonly text: string;
};

type FolderRule = {
  /** Parts of src that may be imported; a folder may always import itself. */
  readonly parts: readonly string[] | "any";
  /** `node:` built-ins, by name or all. */
  readonly builtins?: readonly string[] | "any";
  /** npm packages. */
  readonly packages?: readonly string[] | "any";
};

/** A part is a folder of src, one engine (`engines/sqlite`), or a file directly in src (`app`). */
const folderRules: Readonly<Record<string, FolderRule>> = {
  core: { parts: [] },
  door: { parts: ["core"], builtins: ["node:crypto"] },
  worker: { parts: ["core"] },
  "engines/memory": { parts: ["core"], builtins: "any" },
  "engines/sqlite": { parts: ["core"], builtins: "any" },
  "engines/aws": { parts: ["core"], builtins: "any", packages: ["@aws-sdk"] },
  "engines/postgres": { parts: ["core"], builtins: "any", packages: ["pg"] },
  app: { parts: ["core", "door", "worker"] },
  index: { parts: ["app", "core", "door", "worker"] },
  node: { parts: ["app", "core", "door", "worker"], builtins: "any", packages: ["ws"] },
  lambda: {
    parts: ["app", "core", "door", "worker", "engines/aws"],
    builtins: "any",
    packages: ["@aws-sdk", "@aws-lambda-powertools", "aws-lambda"],
  },
  synth: { parts: ["app", "core", "door", "engines/aws"], builtins: "any", packages: ["esbuild"] },
  doctor: { parts: ["app", "core", "engines/aws", "synth"] },
  lab: { parts: "any", builtins: "any", packages: "any" },
  cli: { parts: "any", builtins: "any", packages: "any" },
};

/** These stand where a user stands: they see spillway by its public name only, and the console a report's types. */
const outsiders = ["examples", "bench", "console", "rehearsal"];

type Ambient = "time" | "timers" | "chance" | "environment" | "console";

const ambientPatterns: Readonly<Record<Ambient, RegExp>> = {
  time: /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bprocess\.hrtime\b/,
  timers: /\bset(?:Timeout|Interval|Immediate)\b|\bAbortSignal\.timeout\b|["']node:timers/,
  chance: /\bMath\.random\b|\bcrypto\.(?:getRandomValues|randomUUID)\b/,
  environment: /\bprocess\.env\b/,
  console: /\bconsole\./,
};

/** The files and folders (with a closing slash) of src that may touch these, and why. Everything else is handed them. */
export const ambientAllowed: readonly {
  readonly where: string;
  readonly what: readonly Ambient[];
  readonly why: string;
}[] = [
  { where: "src/core/clock.ts", what: ["time", "timers"], why: "the one source of time" },
  { where: "src/core/random.ts", what: ["chance"], why: "the one source of chance" },
  {
    where: "src/engines/sqlite/owner-thread.ts",
    what: ["timers"],
    why: "its answers wait until the sockets have been looked at",
  },
  {
    where: "src/engines/aws/options.ts",
    what: ["environment"],
    why: "the template tells a function its table and queues there",
  },
  {
    where: "src/engines/postgres/pauses.ts",
    what: ["time", "timers"],
    why: "a connection falls silent and a database stays away in real time, and the process waits for it",
  },
  {
    where: "src/node/",
    what: ["time", "timers", "chance", "environment", "console"],
    why: "the adapter to the process it runs in",
  },
  {
    where: "src/lambda/",
    what: ["timers", "environment"],
    why: "its processes are stopped between invocations, and told by their environment what they are",
  },
  {
    where: "src/lab/",
    what: ["time", "timers", "environment"],
    why: "it starts processes of its own and measures them with the machine's clock",
  },
  {
    where: "src/cli/",
    what: ["time", "timers", "chance", "environment", "console"],
    why: "the command line talks to a person and a process",
  },
];

const maxLines = 300;

/** Every breach of the import rules, as `file → import (rule)`. */
export function importBreaches(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) =>
    importsOf(file.text).flatMap((specifier) => {
      const rule = brokenImportRule(file.path, specifier);
      return rule === undefined ? [] : [`${file.path} → ${specifier} (${rule})`];
    }),
  );
}

/** Every breach of the rules on what a file says, as `file: what`. */
export function textBreaches(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const code = blank(text, { strings: true });
    const found = [
      ...(/(?:[:<,|&(=]|\bas|\bextends)\s*any\b(?!\s*[(:])/.test(code) ? ["the type any"] : []),
      ...(/\b(?:const\s+)?enum\s+[A-Za-z_$]/.test(code) ? ["an enum"] : []),
      ...(/\bexport\s+default\b/.test(code) ? ["a default export"] : []),
      ...(/\b(?:TO(?:DO)|FIX(?:ME))\b/.test(text) ? ["a note of unfinished work"] : []),
      ...(machinePath.test(text) ? ["the path of somebody's machine"] : []),
      ...(path.startsWith("src/") ? sourceBreaches(path, text) : []),
    ];
    return found.map((what) => `${path}: ${what}`);
  });
}

/** A home directory or a build machine's folder; a path's first segment, so that `src/home/` is none. */
export const machinePath = /(?<![\w.~$}-])\/(?:home|root|Users|work)\/[\w.-]/;

function sourceBreaches(path: string, text: string): string[] {
  const lines = text.trimEnd().split("\n").length;
  const code = blank(text, { strings: false });
  const allowed = ambientAllowed
    .filter(({ where }) => (where.endsWith("/") ? path.startsWith(where) : path === where))
    .flatMap(({ what }) => what);
  const touched = (Object.keys(ambientPatterns) as Ambient[]).flatMap((kind) => {
    const match = ambientPatterns[kind].exec(code);
    return match === null || allowed.includes(kind)
      ? []
      : [`${match[0]} (${kind} belongs to the files in ambientAllowed, scripts/architecture.ts)`];
  });
  return lines > maxLines ? [...touched, `${lines} lines, more than ${maxLines}`] : touched;
}

/** The specifiers of static and dynamic imports, re-exports, and files named by URL for a worker thread. */
export function importsOf(text: string): string[] {
  const code = blank(text, { strings: false });
  const patterns = [
    /\b(?:import|export)\b[^;"'`()=]*?\bfrom\s*["']([^"']+)["']/g,
    /\bimport\s*\(?\s*["'`]([^"'`]+)["'`]/g,
    /\bnew URL\(\s*["'`](\.[^"'`]*)["'`]/g,
  ];
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ""));
}

function brokenImportRule(path: string, specifier: string): string | undefined {
  const target = specifier.startsWith(".") ? resolvePath(path, specifier) : undefined;
  const folder = path.split("/")[0] ?? "";
  if (outsiders.includes(folder)) {
    const isShared = folder === "console" && target === "src/lab/report.ts";
    return target?.startsWith("src/") && !isShared
      ? `${folder} sees spillway by its public name only`
      : undefined;
  }
  if (folder !== "src") return undefined;
  const part = partOf(path);
  const rule = folderRules[part];
  if (rule === undefined) return `${part} has no rule in scripts/architecture.ts`;
  if (target !== undefined) return brokenPartRule(part, rule, target);
  const [kind, allowed] = specifier.startsWith("node:")
    ? (["built-ins", rule.builtins ?? []] as const)
    : (["npm packages", rule.packages ?? []] as const);
  if (allowed === "any" || allowed.some((name) => specifier === name || specifier.startsWith(`${name}/`)))
    return;
  return `of ${kind}, ${part} may import ${allowed.length === 0 ? "none" : `only ${allowed.join(", ")}`}`;
}

function brokenPartRule(part: string, { parts }: FolderRule, target: string): string | undefined {
  if (parts === "any") return undefined;
  if (!target.startsWith("src/")) return `${part} may not reach outside src`;
  const imported = partOf(target);
  if (imported === part || parts.includes(imported)) return undefined;
  return `${part} may import ${parts.length === 0 ? "only itself" : `only ${parts.join(", ")}`}`;
}

function partOf(path: string): string {
  const [, first = "", second = ""] = path.split("/");
  if (first === "engines") return `engines/${second}`;
  return first.replace(/\.ts$/, "");
}

const resolvePath = (from: string, specifier: string) =>
  new URL(specifier, `file:///${from}`).pathname.slice(1);

/**
 * Blanks comments, and strings if asked. Template literals stay, as code stands in them. Good enough for code that
 * the formatter has formatted; a regular expression literal that holds a quote may hide what follows on its line.
 */
function blank(text: string, { strings }: { readonly strings: boolean }): string {
  const token = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;
  return text.replace(token, (match) => {
    if (match.startsWith("/")) return " ";
    return strings && !match.startsWith("`") ? '""' : match;
  });
}
