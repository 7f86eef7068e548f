/**
 * The load generator, in a process of its own: sends every call of a plan when it is due, whether or not earlier ones
 * have been answered, and tells how each ended. Time counts from when a call was due, so that neither a generator that
 * is late nor a connection that must be waited for makes the server look faster than it was.
 */
import { fractions } from "../chance.ts";
import { distributionOf } from "../distribution.ts";
import { type FromLoad, type LoadPlan, OUTCOMES } from "../messages.ts";
import { moment } from "../moment.ts";
import { pauseMs, type Verdict, verdictOf } from "./call.ts";
import { Pool } from "./pool.ts";

const TELL_MS = 200;
const SWEEP_MS = 100;
/** Until the first call is due: for the last preparations of both sides. */
const LEAD_MS = 200;
const WARM_UP_REQUESTS = 300;
const WARM_UP_AT_ONCE = 30;

process.on("disconnect", () => process.exit(1));
process.once("message", (plan: LoadPlan) => {
  const pool = new Pool(plan.port);
  void warmUp(pool, plan.port).then(() => new Load(plan, pool).begin());
});

function tell(message: FromLoad): void {
  process.send?.(message);
}

/** Health checks, which nobody counts: so that the first calls meet neither cold code nor closed connections. */
async function warmUp(pool: Pool, port: number): Promise<void> {
  const text = `GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
  const check = () =>
    new Promise<void>((resolve) => pool.send({ text, deadline: moment() + 5_000, onReply: () => resolve() }));
  for (let made = 0; made < WARM_UP_REQUESTS; made += WARM_UP_AT_ONCE)
    await Promise.all(Array.from({ length: WARM_UP_AT_ONCE }, check));
}

class Load {
  readonly #plan: LoadPlan;
  readonly #pool: Pool;
  readonly #heads: readonly string[];
  readonly #startedAt = moment() + LEAD_MS;
  readonly #chance: () => number;
  readonly #endedAt: Float64Array;
  readonly #outcomes: Uint8Array;
  readonly #receipts: string[];
  readonly #lateMs: Float64Array;
  readonly #byCode: Record<string, number> = {};
  readonly #cpu = process.cpuUsage();
  readonly #timers: readonly NodeJS.Timeout[];
  #next = 0;
  #ended = 0;
  readonly #counts = { answered: 0, receipt: 0, refused: 0, failed: 0 };
  #repeats = 0;

  constructor(plan: LoadPlan, pool: Pool) {
    const { port, path, authorization, inputs, arrivals, seed } = plan;
    this.#plan = plan;
    this.#pool = pool;
    const head = [
      `POST ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      "Content-Type: application/json",
      ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
    ].join("\r\n");
    // Bytes as characters, as the sockets write them.
    this.#heads = inputs.map((input) => {
      const body = Buffer.from(input).toString("latin1");
      return `${head}\r\nContent-Length: ${body.length}\r\n{key}\r\n${body}`;
    });
    this.#chance = fractions(seed);
    const { length } = arrivals;
    this.#endedAt = new Float64Array(length);
    this.#outcomes = new Uint8Array(length);
    this.#receipts = new Array<string>(length).fill("");
    this.#lateMs = new Float64Array(length);
    this.#timers = [
      setInterval(() => this.#pool.sweep(), SWEEP_MS),
      setInterval(() => this.#tellProgress(), TELL_MS),
    ];
  }

  begin(): void {
    tell({ kind: "started", startedAt: this.#startedAt });
    this.#sendDue();
  }

  /** All that is due, and then again when the next one is. */
  #sendDue(): void {
    const { arrivals } = this.#plan;
    const gone = moment() - this.#startedAt;
    while (this.#next < arrivals.length && (arrivals[this.#next] as number) <= gone) {
      this.#lateMs[this.#next] = gone - (arrivals[this.#next] as number);
      this.#request(this.#next++, 1);
    }
    if (this.#next < arrivals.length)
      setTimeout(() => this.#sendDue(), Math.max(0, (arrivals[this.#next] as number) - gone));
  }

  #request(call: number, tries: number): void {
    const { keys, replyMs, limitMs } = this.#plan;
    const key = keys === undefined ? "" : `Idempotency-Key: "${keys}-${call}"\r\n`;
    const text = (this.#heads[call % this.#heads.length] as string).replace("{key}", key);
    const deadline = Math.min(moment() + replyMs, this.#startedAt + limitMs);
    this.#pool.send({ text, deadline, onReply: (reply) => this.#replied(call, tries, verdictOf(reply)) });
  }

  #replied(call: number, tries: number, verdict: Verdict): void {
    const { tries: most, limitMs } = this.#plan;
    if ("again" in verdict && verdict.again && tries < most) {
      const pause = pauseMs(verdict.again, tries, this.#chance());
      if (moment() + pause < this.#startedAt + limitMs) {
        this.#repeats++;
        setTimeout(() => this.#request(call, tries + 1), pause);
        return;
      }
    }
    this.#end(call, verdict);
  }

  #end(call: number, verdict: Verdict): void {
    this.#endedAt[call] = moment() - this.#startedAt;
    this.#outcomes[call] = OUTCOMES.indexOf(verdict.outcome);
    this.#counts[verdict.outcome]++;
    if ("id" in verdict) this.#receipts[call] = verdict.id;
    if ("code" in verdict) this.#byCode[verdict.code] = (this.#byCode[verdict.code] ?? 0) + 1;
    if (++this.#ended === this.#plan.arrivals.length) this.#finish();
  }

  #tellProgress(): void {
    tell({ kind: "progress", offered: this.#next, ended: this.#ended });
  }

  #finish(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#pool.close();
    const { user, system } = process.cpuUsage(this.#cpu);
    tell({
      kind: "loaded",
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      outcomes: this.#outcomes,
      receipts: this.#receipts,
      counts: { offered: this.#next, ...this.#counts },
      byCode: this.#byCode,
      repeats: this.#repeats,
      lateP99Ms: distributionOf(this.#lateMs).p99,
      cpuShare: (user + system) / 1_000 / Math.max(1, moment() - this.#startedAt),
    });
  }
}
