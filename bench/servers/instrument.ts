// A measured server's end of the channel to the bench: says where it listens, and answers what it has used so far.

export type Usage = {
  /** User and system time of the whole process, all threads. */
  readonly cpuMicros: number;
  readonly rssBytes: number;
  /** Groups given to the store: one transaction and one fsync of its log each. Without a store 0. */
  readonly commits: number;
  /** Jobs that ran so far, and when the last one did, by the system's clock. */
  readonly ran: number;
  readonly lastRanAt: number;
};

export type Started = { readonly listening: number };

let ran = 0;
let lastRanAt = 0;
let commits = 0;

export function countRun(): void {
  ran++;
  lastRanAt = Date.now();
}

export function countCommit(): void {
  commits++;
}

export function instrument(port: number): void {
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    const rssBytes = process.memoryUsage.rss();
    process.send?.({ cpuMicros: user + system, rssBytes, commits, ran, lastRanAt } satisfies Usage);
  });
  // Without its bench a server would stay behind.
  process.on("disconnect", () => process.exit(0));
  process.send?.({ listening: port } satisfies Started);
}
