/**
 * Whether the role may do what this process is there for, asked once when a store opens: without it everything would be
 * refused as if the database were away, and waiting does not help.
 */
import { configurationError } from "../../core/errors.ts";
import type { Connections } from "./connection.ts";
import { locationOf, type Settings } from "./options.ts";

const READ_ONLY = { rights: ["SELECT"], tables: ["store", "jobs", "live", "outcomes"], sequences: [] };
const ALL = {
  rights: ["SELECT", "INSERT", "UPDATE", "DELETE"],
  tables: [
    ...READ_ONLY.tables,
    ...["items", "counts", "marks", "settings", "audit", "buckets", "grants", "nodes"],
  ],
  sequences: ["versions"],
};

type Lacking = readonly [relation: string, rights: string, user: string];

/** @param readsOnly of a process that shows receipts, and whose role may do nothing else */
export async function checkRights(
  connections: Connections,
  settings: Settings,
  readsOnly: boolean,
): Promise<void> {
  const { rights, tables, sequences } = readsOnly ? READ_ONLY : ALL;
  const lacking = await connections.read<Lacking>({ text: lackingOf(rights, tables, sequences) }, [
    settings.schemaName,
  ]);
  const [[, , user] = []] = lacking;
  if (user === undefined) return;
  const { schema } = settings;
  const grants = [
    `GRANT ${rights.join(", ")} ON ALL TABLES IN SCHEMA ${schema} TO ${user};`,
    ...(readsOnly ? [] : [`GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${schema} TO ${user};`]),
  ];
  throw configurationError(
    `${locationOf(settings)} gives its user ${user} no ${said(lacking)}.`,
    `Have its owner say: ${grants.join(" ")}${readsOnly ? "" : " Who may only read can serve with the role status."}`,
  );
}

/** What is lacking of several tables is said once. */
function said(lacking: readonly Lacking[]): string {
  const relations = new Map<string, string[]>();
  for (const [relation, rights] of lacking)
    relations.set(rights, [...(relations.get(rights) ?? []), relation]);
  return [...relations].map(([rights, names]) => `${rights} on ${names.join(", ")}`).join("; no ");
}

function lackingOf(
  rights: readonly string[],
  tables: readonly string[],
  sequences: readonly string[],
): string {
  const listed = (names: readonly string[]) => `'{${names.join(",")}}'::text[]`;
  const rows = (names: readonly string[], asked: readonly string[], has: string) => `
    SELECT c.relname::text, string_agg(r.name, ', ' ORDER BY r.place), quote_ident(current_user)
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
      CROSS JOIN unnest(${listed(asked)}) WITH ORDINALITY AS r(name, place)
    WHERE n.nspname = $1 AND c.relname = ANY (${listed(names)}) AND NOT ${has}(c.oid, r.name)
    GROUP BY c.relname`;
  return `${rows(tables, rights, "has_table_privilege")} UNION ALL
    ${rows(sequences, ["USAGE"], "has_sequence_privilege")} ORDER BY 2, 1`;
}
