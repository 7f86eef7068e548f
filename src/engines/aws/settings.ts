/** What operators set and did, and the secret that is made once for a table. */
import type { AnswerOf, AuditEntry, Cursor, EngineHost, Page, Setting } from "../../core/engine.ts";
import { malformed } from "./cursors.ts";
import type { Database } from "./database.ts";
import { AUDIT, padded, SECRET, SETTINGS } from "./keys.ts";
import { type Attributes, number, seconds, text } from "./rows.ts";

const CURSOR = /^\d{16}-[0-9a-f]{8}$/;
const SECRET_BYTES = 32;

export class Settings {
  readonly #database: Database;
  readonly #host: EngineHost;
  readonly #auditMs: number;

  constructor(database: Database, host: EngineHost, auditMs: number) {
    this.#database = database;
    this.#host = host;
    this.#auditMs = auditMs;
  }

  async set(setting: Setting): Promise<AnswerOf<"set">> {
    const key = { pk: SETTINGS, sk: `${setting.scope}#${setting.name}` };
    await this.#put(key, { value: { S: JSON.stringify(setting) } });
    return { kind: "done" };
  }

  async settings(): Promise<readonly Setting[]> {
    const found: Setting[] = [];
    let last: Attributes | undefined;
    do {
      const page = await this.#database.query({
        ConsistentRead: true,
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": { S: SETTINGS } },
        ...(last && { ExclusiveStartKey: last }),
      });
      for (const item of page.items) found.push(JSON.parse(text(item, "value") ?? "null"));
      last = page.last;
    } while (last);
    return found;
  }

  /** @param tick its place; chance tells it from another node's */
  async note(entry: AuditEntry, tick: number): Promise<AnswerOf<"audit">> {
    const expiresAt = this.#host.clock.now() + this.#auditMs;
    const key = { pk: AUDIT, sk: `${padded(tick)}-${this.#host.random.hex(4)}` };
    await this.#put(key, {
      value: { S: JSON.stringify(entry) },
      x: { N: String(expiresAt) },
      ttl: seconds(expiresAt),
    });
    return { kind: "done" };
  }

  async audit(limit: number, cursor?: Cursor): Promise<Page<AuditEntry>> {
    if (cursor !== undefined && !CURSOR.test(cursor)) throw malformed(cursor);
    const entries: { readonly entry: AuditEntry; readonly place: string }[] = [];
    let last: Attributes | undefined;
    do {
      const page = await this.#auditPage(limit + 1, cursor, last);
      for (const item of page.items) {
        if ((number(item, "x") ?? 0) <= this.#host.clock.now()) continue;
        entries.push({ entry: JSON.parse(text(item, "value") ?? "null"), place: text(item, "sk") ?? "" });
      }
      last = page.last;
    } while (last && entries.length <= limit);
    const items = entries.slice(0, limit);
    const next = entries.length > limit ? (items.at(-1)?.place ?? null) : null;
    return { items: items.map(({ entry }) => entry), next };
  }

  /** Made by whoever comes first. A role that may only read finds it, once it is there. */
  async secret(): Promise<string> {
    const [found] = await this.#database.get([SECRET]);
    const there = found && text(found, "value");
    if (there !== undefined) return there;
    const fresh = this.#host.random.hex(SECRET_BYTES);
    const written = await this.#put(SECRET, { value: { S: fresh } }, "attribute_not_exists(#pk)");
    return written.ok ? fresh : (text(written.failures[0] ?? {}, "value") ?? this.secret());
  }

  #put(key: { pk: string; sk: string }, item: Attributes, condition?: string) {
    return this.#database.write([
      {
        kind: "put",
        key,
        item: { pk: { S: key.pk }, sk: { S: key.sk }, ...item },
        ...(condition && { condition }),
        names: condition ? { "#pk": "pk" } : {},
        values: {},
      },
    ]);
  }

  #auditPage(limit: number, cursor: Cursor | undefined, last: Attributes | undefined) {
    return this.#database.query({
      ConsistentRead: true,
      ScanIndexForward: false,
      KeyConditionExpression: cursor === undefined ? "pk = :pk" : "pk = :pk AND sk < :before",
      ExpressionAttributeValues: {
        ":pk": { S: AUDIT },
        ...(cursor !== undefined && { ":before": { S: cursor } }),
      },
      Limit: limit,
      ...(last && { ExclusiveStartKey: last }),
    });
  }
}
