/** What operators set and did, and the secret that is made once for a table. */
import { noCursor } from "../../core/cursor.ts";
import type {
  AnswerOf,
  AuditEntry,
  Cursor,
  EngineHost,
  Page,
  Setting,
  SettingChange,
} from "../../core/engine.ts";
import { SpillwayError } from "../../core/errors.ts";
import { altered } from "../../core/settings.ts";
import type { Database } from "./database.ts";
import { AUDIT, type Key, keyAttributes, padded, SECRET, SETTINGS } from "./keys.ts";
import { type Attributes, number, seconds, text } from "./rows.ts";
import type { Write } from "./writes.ts";

const CURSOR = /^\d{16}-[0-9a-f]{8}$/;
const SECRET_BYTES = 32;
type Holding = Pick<Write, "condition" | "names" | "values">;

/** Each time another changed the same setting first. */
const MOST_TRIES = 60;

export class Settings {
  readonly #database: Database;
  readonly #host: EngineHost;
  readonly #auditMs: number;

  constructor(database: Database, host: EngineHost, auditMs: number) {
    this.#database = database;
    this.#host = host;
    this.#auditMs = auditMs;
  }

  /** Written in the place of what it was worked out from, and of nothing else. */
  async set(change: SettingChange): Promise<AnswerOf<"set">> {
    const { scope, name } = change;
    const key = { pk: SETTINGS, sk: `${scope}#${name}` };
    let [there] = await this.#database.get([key]);
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const setting = altered(there && settingOf(there), change);
      const written = await this.#put(key, { value: { S: JSON.stringify(setting) } }, replacing(there));
      if (written.ok) return { kind: "done" };
      there = written.failures[0] ?? undefined;
      await this.#database.pause(tries);
    }
    throw new SpillwayError(
      "storage-unavailable",
      `${MOST_TRIES} others changed the setting of ${scope} "${name}" first.`,
      { hint: "Try again." },
    );
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
      found.push(...page.items.map(settingOf));
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
    if (cursor !== undefined && !CURSOR.test(cursor)) throw noCursor(cursor);
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
    const written = await this.#put(SECRET, { value: { S: fresh } }, replacing(undefined));
    return written.ok ? fresh : (text(written.failures[0] ?? {}, "value") ?? this.secret());
  }

  #put(key: Key, item: Attributes, holding: Holding = { names: {}, values: {} }) {
    return this.#database.write([{ kind: "put", key, item: { ...keyAttributes(key), ...item }, ...holding }]);
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

function settingOf(item: Attributes): Setting {
  return JSON.parse(text(item, "value") ?? "null");
}

/** Only where that is what is there. */
function replacing(there: Attributes | undefined): Holding {
  if (!there) return { condition: "attribute_not_exists(#pk)", names: { "#pk": "pk" }, values: {} };
  const { value = { S: "" } } = there;
  return { condition: "#value = :before", names: { "#value": "value" }, values: { ":before": value } };
}
