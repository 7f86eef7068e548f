/** Operations that have jobs in the store, and nobody here to run them. */
import { count, duration } from "../format.ts";
import { hrefOf } from "../router.ts";
import type { UnservedOperation } from "../wire.ts";

export function Unserved({ operations }: { readonly operations: readonly UnservedOperation[] }) {
  return (
    <>
      <h2>Not served here</h2>
      <p>
        These have jobs in the store, but no operation of their name is registered on this node. Their queued
        jobs wait until a node serves them.
      </p>
      <ul>
        {operations.map(({ name, queued, running, failed, oldestAgeMs }) => (
          <li key={name}>
            <a href={hrefOf("/jobs", { operation: name })}>{name}</a>: {count(queued)} queued
            {oldestAgeMs !== null && `, the oldest for ${duration(oldestAgeMs)}`}, {count(running)} running,{" "}
            {count(failed)} failed
          </li>
        ))}
      </ul>
    </>
  );
}
