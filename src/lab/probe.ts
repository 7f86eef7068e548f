/**
 * Asks an operation of the app, ten times a second while the load runs, for numbers about what stands behind it: a
 * pool's connections in use, its own high-water mark. By HTTP, as anybody would.
 */
import { request } from "node:http";
import { LabRefusal } from "./errors.ts";
import { moment } from "./moment.ts";

const EVERY_MS = 100;
const ANSWER_MS = 5_000;

export type ProbeSamples = {
  readonly at: readonly number[];
  /** Each number that was answered; missing ones are those of the answer before. */
  readonly values: Readonly<Record<string, readonly number[]>>;
};

export class Probe {
  readonly #port: number;
  readonly #operation: string;
  readonly #token: string | undefined;
  readonly #at: number[] = [];
  readonly #answers: Readonly<Record<string, number>>[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isAsking = false;

  constructor(port: number, operation: string, token: string | undefined) {
    this.#port = port;
    this.#operation = operation;
    this.#token = token;
  }

  /** @throws LabRefusal when it does not answer numbers */
  async begin(): Promise<void> {
    const { status, body } = await this.#ask();
    const numbers = numbersIn(body);
    if (status !== 200 || Object.keys(numbers).length === 0)
      throw new LabRefusal(
        `The probe "${this.#operation}" answered {} with ${status} ${body.slice(0, 200)}. Name an operation that takes {} and answers an object with numbers.`,
      );
    this.#timer = setInterval(() => void this.#look(), EVERY_MS);
  }

  /** With a last look, when the load is over. */
  async end(): Promise<void> {
    this.stop();
    await this.#look();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  samples(): ProbeSamples {
    const names = [...new Set(this.#answers.flatMap((answer) => Object.keys(answer)))];
    const track = (name: string) => {
      let last = 0;
      return this.#answers.map((answer) => {
        last = answer[name] ?? last;
        return last;
      });
    };
    return { at: this.#at, values: Object.fromEntries(names.map((name) => [name, track(name)])) };
  }

  /** One at a time: a server that is slow to answer is not asked the more often. */
  async #look(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      const { status, body } = await this.#ask();
      if (status !== 200) return;
      this.#at.push(moment());
      this.#answers.push(numbersIn(body));
    } catch {
      // One look that is missing; the next one comes soon.
    } finally {
      this.#isAsking = false;
    }
  }

  #ask(): Promise<{ readonly status: number; readonly body: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
    const asked = request(
      {
        port: this.#port,
        host: "127.0.0.1",
        method: "POST",
        path: `/operations/${this.#operation}`,
        headers: {
          "content-type": "application/json",
          ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
        },
        timeout: ANSWER_MS,
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => {
          body += text;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
        response.on("error", reject);
      },
    );
    asked.on("error", reject).on("timeout", () => asked.destroy(new Error("It did not answer in time.")));
    asked.end("{}");
    return promise;
  }
}

function numbersIn(body: string): Readonly<Record<string, number>> {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== "object" || value === null) return {};
    return Object.fromEntries(
      Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
    );
  } catch {
    return {};
  }
}
