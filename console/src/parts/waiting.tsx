/** Where there are no figures yet: on their way, or kept from coming by something that can be said. */
import { trouble } from "../live.ts";

export function Waiting() {
  return <p role="status">{trouble.value ?? "Waiting for the first figures …"}</p>;
}
