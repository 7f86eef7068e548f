/**
 * Mapping templates of API Gateway, as far as ours use Velocity: texts, references with calls, #set, #if, #foreach,
 * comparisons. What is not known is refused, and a reference to nothing stays as it is written, as there.
 */

export type Value = unknown;
export type Scope = Record<string, Value>;

type Reference = { readonly kind: "reference"; readonly written: string; readonly path: readonly Step[] };
type Step = { readonly name: string; readonly call: readonly Expression[] | undefined };
type Expression =
  | Reference
  | { readonly kind: "text"; readonly parts: readonly Part[] }
  | { readonly kind: "literal"; readonly value: string }
  | {
      readonly kind: "operation";
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    };
type Part =
  | Reference
  | { readonly kind: "literal"; readonly value: string }
  | { readonly kind: "set"; readonly target: Reference; readonly value: Expression }
  | { readonly kind: "if"; readonly condition: Expression; readonly inner: readonly Part[] }
  | {
      readonly kind: "foreach";
      readonly name: string;
      readonly over: Expression;
      readonly body: readonly Part[];
    };

export function evaluated(template: string, scope: Scope): string {
  const parser = new Parser(template);
  const parts = parser.parts(false);
  return textOf(parts, scope);
}

function textOf(parts: readonly Part[], scope: Scope): string {
  let text = "";
  for (const part of parts) {
    if (part.kind === "literal") text += part.value;
    else if (part.kind === "reference") text += String(resultOf(part, scope) ?? part.written);
    else if (part.kind === "set") assign(part.target, resultOf(part.value, scope), scope);
    else if (part.kind === "if")
      text += isTrue(resultOf(part.condition, scope)) ? textOf(part.inner, scope) : "";
    else
      for (const item of (resultOf(part.over, scope) ?? []) as Iterable<Value>) {
        scope[part.name] = item;
        text += textOf(part.body, scope);
      }
  }
  return text;
}

function resultOf(expression: Expression, scope: Scope): Value {
  if (expression.kind === "literal") return expression.value;
  if (expression.kind === "text") return textOf(expression.parts, scope);
  if (expression.kind === "reference") return followed(expression.path, scope);
  const { operator, left, right } = expression;
  const first = resultOf(left, scope);
  if (operator === "&&") return isTrue(first) && isTrue(resultOf(right, scope));
  const isSame = String(first ?? "") === String(resultOf(right, scope) ?? "");
  return operator === "==" ? isSame : !isSame;
}

function followed(path: readonly Step[], scope: Scope): Value {
  let value: Value = scope;
  for (const { name, call } of path) {
    if (value === undefined || value === null) return undefined;
    const holder = value as Readonly<Record<string, Value>>;
    if (call === undefined) value = Object.hasOwn(holder, name) ? holder[name] : undefined;
    else
      value = called(
        value,
        name,
        call.map((argument) => resultOf(argument, scope)),
      );
  }
  return value;
}

/** Methods of Velocity's own kinds, and functions of the scope. */
function called(holder: Value, name: string, values: readonly Value[]): Value {
  if (typeof holder === "string" && name === "toLowerCase") return holder.toLowerCase();
  const own = (holder as Readonly<Record<string, Value>>)[name];
  if (typeof own === "function") return own(...values);
  if (name === "keySet") return Object.keys(holder as object);
  if (name === "get") return (holder as Readonly<Record<string, Value>>)[String(values[0])];
  throw new Error(`The rehearsal does not know ${name}() of a mapping template.`);
}

function assign({ path }: Reference, value: Value, scope: Scope): void {
  let holder = scope;
  for (const { name } of path.slice(0, -1)) {
    holder[name] ??= {};
    holder = holder[name] as Scope;
  }
  holder[path.at(-1)?.name ?? ""] = value;
}

const isTrue = (value: Value): boolean => value !== undefined && value !== null && value !== false;

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Up to the end, or to the `#end` of what it is in. */
  parts(inBlock: boolean): readonly Part[] {
    const parts: Part[] = [];
    while (this.#at < this.#text.length) {
      if (this.#take("#end")) {
        if (inBlock) return parts;
        throw this.#wrong("an #end of nothing");
      }
      parts.push(this.#part());
    }
    if (inBlock) throw this.#wrong("a block without its #end");
    return parts;
  }

  #part(): Part {
    if (this.#take("#set(")) {
      const target = this.#reference();
      this.#expect("=");
      const value = this.#expression();
      this.#expect(")");
      return { kind: "set", target, value };
    }
    if (this.#take("#if(")) {
      const condition = this.#expression();
      this.#expect(")");
      return { kind: "if", condition, inner: this.parts(true) };
    }
    if (this.#take("#foreach(")) {
      const name = this.#reference().path[0]?.name ?? "";
      this.#expect("in");
      const over = this.#expression();
      this.#expect(")");
      return { kind: "foreach", name, over, body: this.parts(true) };
    }
    if (/^#[a-z]/.test(this.#text.slice(this.#at))) throw this.#wrong("a directive that is not known");
    if (/^\$[A-Za-z]/.test(this.#text.slice(this.#at))) return this.#reference();
    const literal = /^[\s\S][^#$]*/.exec(this.#text.slice(this.#at))?.[0] ?? "";
    this.#at += literal.length;
    return { kind: "literal", value: literal };
  }

  #expression(): Expression {
    let left = this.#operand();
    for (;;) {
      const operator = this.#match(/^\s*(==|!=|&&)\s*/)?.[1];
      if (operator === undefined) return left;
      // Comparisons bind closer than `&&`.
      const right = operator === "&&" ? this.#expression() : this.#operand();
      left = { kind: "operation", operator, left, right };
    }
  }

  #operand(): Expression {
    this.#match(/^\s*/);
    const single = this.#match(/^'([^']*)'/);
    if (single !== undefined) return { kind: "literal", value: single[1] ?? "" };
    const double = this.#match(/^"([^"]*)"/);
    if (double !== undefined) return { kind: "text", parts: new Parser(double[1] ?? "").parts(false) };
    return this.#reference();
  }

  #reference(): Reference {
    this.#match(/^\s*/);
    const from = this.#at;
    const name = this.#match(/^\$([A-Za-z][\w-]*)/)?.[1];
    if (name === undefined) throw this.#wrong("a reference is missing");
    const path: Step[] = [{ name, call: undefined }];
    for (;;) {
      const step = this.#match(/^\.([A-Za-z][\w-]*)/)?.[1];
      if (step === undefined) break;
      path.push({ name: step, call: this.#take("(") ? this.#values() : undefined });
    }
    return { kind: "reference", written: this.#text.slice(from, this.#at), path };
  }

  #values(): readonly Expression[] {
    const values: Expression[] = [];
    this.#match(/^\s*/);
    while (!this.#take(")")) {
      values.push(this.#expression());
      this.#match(/^\s*,?\s*/);
    }
    return values;
  }

  #take(text: string): boolean {
    const isThere = this.#text.startsWith(text, this.#at);
    if (isThere) this.#at += text.length;
    return isThere;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    const found = pattern.exec(this.#text.slice(this.#at)) ?? undefined;
    this.#at += found?.[0].length ?? 0;
    return found;
  }

  #expect(text: string): void {
    this.#match(/^\s*/);
    if (!this.#take(text)) throw this.#wrong(`"${text}" is missing`);
  }

  #wrong(what: string): Error {
    return new Error(`A mapping template has ${what} at "${this.#text.slice(this.#at, this.#at + 40)}".`);
  }
}
