/** Flow reports as the door sees them; where they are kept is the affair of whoever serves. */
import type { JsonText } from "../core/job.ts";

export type ReportEntry =
  | {
      readonly name: string;
      /** RFC 3339, UTC. */
      readonly madeAt: string;
      readonly operation: string;
      readonly app: string;
      readonly offered: number;
      /** The one recommended. */
      readonly flow: string | null;
    }
  /** It is there and cannot be shown. */
  | { readonly name: string; readonly madeAt: string; readonly damaged: string };

export interface Reports {
  list(): Promise<readonly ReportEntry[]>;
  /** Undefined: there is none of that name, or it is damaged. */
  read(name: string): Promise<JsonText | undefined>;
}
