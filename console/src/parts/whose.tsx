/** Whose figures a page shows, where several nodes serve the store: only counts are the same at each. */
import { count } from "../format.ts";
import { nameOf } from "../node-name.ts";
import { hrefOf } from "../router.ts";
import { present, self } from "../site.ts";

export function Whose() {
  const node = self.value;
  if (!node || (present.value < 2 && node.role === "all")) return <>this node's own</>;
  return (
    <>
      those of <strong>{nameOf(node)}</strong> on {node.host} alone
      {present.value > 1 && (
        <>
          {" "}
          (<a href={hrefOf("/nodes")}>all {count(present.value)} nodes together</a>)
        </>
      )}
    </>
  );
}
