/**
 * A page of the console in a real browser. What the browser complains of, refusals by the content security policy too,
 * fails the test.
 */
import assert from "node:assert/strict";
import {
  accessibilityRules,
  type Browser,
  type Locator,
  launch,
  type Page,
  runsHere,
} from "../../../tools/browser/chromium.ts";

export type Look = {
  readonly scheme?: "light" | "dark";
  readonly width?: number;
};

const PATIENCE_MS = 15_000;

const required = process.env["SPILLWAY_REQUIRE"]?.split(",").includes("browser");

/** For `suite`: why the tests in a browser are passed over, if they are. */
export const skip =
  required || runsHere
    ? false
    : "needs Chromium, which is packaged for Linux on x64 only; SPILLWAY_REQUIRE=browser insists on it";

/** What the browser says of requests to a server that was killed. */
export const SERVER_GONE = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED_ENCODING/;

/** One browser for a test file; each visit has a profile of its own in it. */
export class Visitors {
  #browser: Promise<Browser> | undefined;

  async visit(url: string, { scheme = "light", width = 1_280 }: Look = {}): Promise<Visit> {
    this.#browser ??= launch();
    const context = await (await this.#browser).newContext({
      colorScheme: scheme,
      // Not the machine's, which may be none that a browser knows.
      locale: "en-US",
      timezoneId: "UTC",
      viewport: { width, height: 900 },
      // What moves only for show would be seen half-way.
      reducedMotion: "reduce",
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const visit = new Visit(await context.newPage());
    await visit.page.goto(url);
    return visit;
  }

  async close(): Promise<void> {
    await (await this.#browser)?.close();
  }
}

export class Visit {
  readonly page: Page;
  readonly #complaints: string[] = [];
  /** Answers that are no success, and requests without one: the browser says so whatever the page makes of it. */
  readonly #failedLoads: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on("pageerror", (error) => this.#complaints.push(`uncaught: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return;
      const isLoad = message.text().startsWith("Failed to load resource");
      (isLoad ? this.#failedLoads : this.#complaints).push(`${message.text()} (${message.location().url})`);
    });
  }

  /** @param failedLoads what went wrong with requests, where that is part of the test */
  async close(failedLoads?: RegExp): Promise<void> {
    await this.page.context().close();
    assert.deepEqual(this.#complaints, []);
    assert.deepEqual(
      this.#failedLoads.filter((load) => !failedLoads?.test(load)),
      [],
    );
  }

  /** Waits until this is seen. */
  async sees(what: Locator, withinMs = PATIENCE_MS): Promise<Locator> {
    const first = what.first();
    try {
      await first.waitFor({ state: "visible", timeout: withinMs });
    } catch (error) {
      const said = [...this.#complaints, ...this.#failedLoads].join("\n") || "nothing";
      throw new Error(`Not seen in ${withinMs} ms: ${what}. The browser said: ${said}`, { cause: error });
    }
    return first;
  }

  /** The page has what it asked the server for. */
  async isReady(): Promise<void> {
    await this.sees(this.page.getByRole("heading", { level: 1 }));
    await this.page.locator("main :is([aria-busy=true], .loading)").waitFor({ state: "detached" });
    await this.isLive();
  }

  /** The figures arrive. */
  async isLive(): Promise<void> {
    await this.sees(this.page.getByRole("status").filter({ hasText: "Live" }));
  }

  /** WCAG 2.2 at levels A and AA, as far as a program can tell. */
  async isAccessible(): Promise<void> {
    await this.page.evaluate(accessibilityRules());
    const violations = await this.page.evaluate(async () => {
      const { axe } = globalThis as unknown as { readonly axe: AccessibilityRules };
      const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
      return (await axe.run(document, { runOnly: { type: "tag", values } })).violations;
    });
    const told = violations.map(({ id, help, nodes }) => {
      const where = nodes.map(({ target, failureSummary }) => `\n  ${target.join(" ")}: ${failureSummary}`);
      return `${id}: ${help}${where.join("")}`;
    });
    assert.equal(told.length, 0, `${this.page.url()}\n${told.join("\n")}`);
  }

  /** Nothing stands out to the right of the window. */
  async fits(): Promise<void> {
    const standingOut = await this.page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      if (scrollWidth <= clientWidth) return [];
      const isClipped = (element: Element | null): boolean =>
        element !== null &&
        element !== document.body &&
        (getComputedStyle(element).overflowX !== "visible" || isClipped(element.parentElement));
      const culprits = [...document.body.querySelectorAll("*")]
        .filter((element) => element.getBoundingClientRect().right > clientWidth)
        .filter((element) => !isClipped(element.parentElement))
        .map(({ outerHTML }) => outerHTML.slice(0, 120));
      return [`${scrollWidth} px wide in ${clientWidth}`, ...culprits];
    });
    assert.deepEqual(standingOut, [], this.page.url());
  }
}

type AccessibilityRules = {
  run(
    where: Document,
    options: { readonly runOnly: { readonly type: "tag"; readonly values: readonly string[] } },
  ): Promise<{
    readonly violations: readonly {
      readonly id: string;
      readonly help: string;
      readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
    }[];
  }>;
};
