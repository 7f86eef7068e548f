/** The head of a table: the name of each column, with the class of its cells where they have one. */

export type Column = string | readonly [name: string, kind: string];

export function Head({ columns }: { readonly columns: readonly Column[] }) {
  return (
    <thead>
      <tr>
        {columns.map((column) => {
          const [name, kind] = typeof column === "string" ? [column] : column;
          return (
            <th key={name} scope="col" class={kind}>
              {name}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}
