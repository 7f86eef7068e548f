/**
 * As much of API Gateway's template language as our templates use: what they say is run rather than read. Nothing that
 * they do not use is understood, and whatever is not understood stays in the text, where a test will see it.
 */
export type Call = {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly context: object;
  /** What the service behind has answered. */
  readonly answer?: unknown;
};

type Values = Record<string, unknown>;
type Piece =
  | string
  | { readonly over: string; readonly each: string; readonly inside: readonly Piece[] }
  | { readonly only: string; readonly inside: readonly Piece[] }
  | { readonly set: string; readonly to: string };

const ARGUMENTS = String.raw`\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)`;
const DIRECTIVE = new RegExp(`#(foreach|if|set)(${ARGUMENTS})|#(end)`, "g");
const REFERENCE = new RegExp(String.raw`\$[a-z]\w*(?:\.\w+(?:${ARGUMENTS})?)*`, "gi");

export function rendered(template: string, { body, headers, context, answer }: Call): string {
  const header = { keySet: () => Object.keys(headers), get: (name: string) => headers[name] };
  const values: Values = {
    context,
    input: { body, params: () => ({ header }), path: (path: string) => at(answer, path) },
    util: { urlEncode: (text: unknown) => new URLSearchParams({ "": String(text) }).toString().slice(1) },
  };
  const pieces = parsed(template.matchAll(DIRECTIVE), template, { at: 0 });
  return written(pieces, values);
}

function parsed(found: Iterator<RegExpExecArray>, template: string, place: { at: number }): readonly Piece[] {
  const pieces: Piece[] = [];
  for (let next = found.next(); !next.done; next = found.next()) {
    const [all, directive, given = "", end] = next.value;
    pieces.push(template.slice(place.at, next.value.index));
    place.at = next.value.index + all.length;
    if (end) return pieces;
    const inner = given.slice(1, -1);
    if (directive === "set") {
      const [, set = "", to = ""] = /^\$(\S+) = (.*)$/s.exec(inner) ?? [];
      pieces.push({ set, to });
      continue;
    }
    const inside = parsed(found, template, place);
    const [, each = "", over = ""] = /^\$(\w+) in (.*)$/s.exec(inner) ?? [];
    pieces.push(directive === "foreach" ? { each, over, inside } : { only: inner, inside });
  }
  pieces.push(template.slice(place.at));
  return pieces;
}

function written(pieces: readonly Piece[], values: Values): string {
  return pieces
    .map((piece) => {
      if (typeof piece === "string") return filled(piece, values);
      if ("set" in piece) return assigned(piece.set, evaluated(piece.to, values), values);
      if ("only" in piece) return evaluated(piece.only, values) ? written(piece.inside, values) : "";
      const each = evaluated(piece.over, values) as readonly unknown[];
      return each.map((one) => written(piece.inside, { ...values, [piece.each]: one })).join("");
    })
    .join("");
}

function filled(text: string, values: Values): string {
  return text.replaceAll(REFERENCE, (reference) => {
    // `$id?accepted=…`: a query may follow a name, and a full stop only with a name after it.
    const value = evaluated(reference, values);
    return value === undefined ? reference : String(value);
  });
}

/** A text in double quotes has references in it; everything else reads like JavaScript once `$` is taken away. */
function evaluated(expression: string, values: Values): unknown {
  const quoted = /^"([^"]*)"$/s.exec(expression.trim());
  if (quoted) return filled(quoted[1] as string, values);
  const code = expression.replaceAll(/\$(?=[a-z])(?![^']*'\))/gi, "values.");
  return new Function("values", `return (${code});`)(values);
}

function assigned(name: string, value: unknown, values: Values): "" {
  const steps = name.split(".");
  const last = steps.pop() as string;
  const target = steps.reduce((one: Values, step) => {
    one[step] ??= {};
    return one[step] as Values;
  }, values);
  target[last] = value;
  return "";
}

/** `$.a.b` */
function at(value: unknown, path: string): unknown {
  const steps = path.split(".").slice(1);
  return steps.reduce((one, step) => (one as Values | undefined)?.[step], value);
}
