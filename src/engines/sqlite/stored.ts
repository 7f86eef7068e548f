import type { Job } from "../../core/job.ts";

/** A job and where it stands. `hasState`: beyond what its call was, something has been written of it. */
export type Stored = { readonly sequence: number; readonly job: Job; readonly hasState: boolean };
