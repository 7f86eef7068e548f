/** Nodes by what tells them apart for a person: what each does, and which process it is. */
type Named = { readonly id: string; readonly host: string; readonly role: string };

const KINDS: Readonly<Record<string, string>> = { all: "node" };

/** "gateway 4711" */
export function nameOf({ id, host, role }: Named): string {
  return `${KINDS[role] ?? role} ${processOf(id, host)}`;
}

/** Of an id as servers make them, machine-process or machine-process-random; else all of it. */
function processOf(id: string, host: string): string {
  const rest = id.startsWith(`${host}-`) ? id.slice(host.length + 1) : id;
  return /^(\d+)(?:-[0-9a-f]+)?$/.exec(rest)?.[1] ?? rest;
}
