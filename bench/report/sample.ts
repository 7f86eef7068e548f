// What one stretch of measuring found, and what is known of a row when all rounds are over.

export type Sample = {
  /** Operations: requests, or jobs where the row says so. */
  readonly perSecond: number;
  /** Of the server, and of its store where that is another process, for each operation. */
  readonly cpuMicros?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Operations for each group that was committed: one transaction, one fsync of the log. */
  readonly perCommit?: number;
  /** Of the server at the end of the stretch. */
  readonly rssMiB?: number;
};

export type Measured = {
  /** Stable, for programs: "accept". */
  readonly id: string;
  readonly name: string;
  readonly samples: readonly Sample[];
};
