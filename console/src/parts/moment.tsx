/** A point in time, short; the whole of it where the pointer rests. */
import { moment, preciseMoment } from "../format.ts";

export function Moment({ at, precise = false }: { readonly at: string; readonly precise?: boolean }) {
  return (
    <time dateTime={at} title={at}>
      {precise ? preciseMoment(at) : moment(at)}
    </time>
  );
}
