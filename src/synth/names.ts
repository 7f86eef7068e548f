/** Names of operations and resources as parts of CloudFormation's logical ids, which have letters and digits only. */
import { hash } from "node:crypto";

/** "orders-db" → "OrdersDb". Two names that come out alike get something of a digest, whichever was there first. */
export function idsOf(names: readonly string[]): ReadonlyMap<string, string> {
  const plain = names.map((name) => idOf(name));
  return new Map(
    names.map((name, place) => {
      const id = plain[place] as string;
      const isAlone = plain.filter((other) => other === id).length === 1;
      return [name, isAlone ? id : `${id}${hash("sha256", name).slice(0, 6)}`];
    }),
  );
}

function idOf(name: string): string {
  const parts = name.split(/[-./]/);
  return parts.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join("");
}
