// What the console's pages about jobs work out by themselves, without a browser.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  askedOf,
  filtersOf,
  fromLocalTime,
  isFiltered,
  localTime,
  searchOf,
} from "../../console/src/pages/jobs/filters.ts";
import { followed } from "../../console/src/pages/jobs/newest.ts";
import { outlook } from "../../console/src/pages/jobs/outlook.ts";
import { timeline } from "../../console/src/pages/jobs/timeline.ts";
import type { Attempt, ListedJob, Page, ResourceEntry, ServedOperation } from "../../console/src/wire.ts";

const NOON = Date.parse("2026-11-23T12:00:00.000Z");
const at = (seconds: number) => new Date(NOON + seconds * 1_000).toISOString();

suite("the filters of the jobs", () => {
  const text = "status=failed&operation=place-order&errorCode=handler-failed&principal=ann&time=15m";

  test("come back from the address as they went into it", () => {
    const filters = filtersOf(new URLSearchParams(text));
    assert.equal(new URLSearchParams(searchOf(filters)).toString(), text);
    assert.deepEqual(filtersOf(new URLSearchParams(searchOf(filters))), filters);
  });

  test("that are missing filter nothing", () => {
    assert.equal(isFiltered(filtersOf(new URLSearchParams(""))), false);
    assert.equal(isFiltered(filtersOf(new URLSearchParams("cursor=12"))), false);
    assert.equal(isFiltered(filtersOf(new URLSearchParams("status=failed"))), true);
  });

  test("ask for the last minutes by the time they began", () => {
    const { from, to, time } = askedOf(filtersOf(new URLSearchParams("time=15m")), NOON);
    assert.deepEqual({ from, to, time }, { from: at(-900), to: undefined, time: undefined });
  });

  test("ask for a time between two others, also where an address names no more than that", () => {
    const filters = filtersOf(new URLSearchParams({ from: at(0), to: at(60) }));
    assert.equal(filters.time, "between");
    assert.deepEqual([askedOf(filters, NOON)["from"], askedOf(filters, NOON)["to"]], [at(0), at(60)]);
  });

  test("forget the two times when a span is chosen instead", () => {
    const filters = { ...filtersOf(new URLSearchParams({ from: at(0), to: at(60) })), time: "1h" };
    assert.deepEqual(
      Object.keys(searchOf(filters)).filter((name) => name === "from" || name === "to"),
      [],
    );
    assert.equal(askedOf(filters, NOON)["to"], undefined);
  });

  test("pass a time of the address through the clock of the reader and back", () => {
    assert.equal(fromLocalTime(localTime(at(0))), at(0));
    assert.deepEqual([localTime("nonsense"), fromLocalTime("")], ["", ""]);
  });
});

const job = (seconds: number, status: ListedJob["status"] = "queued"): ListedJob => ({
  id: `job-${seconds}`,
  operation: "place-order",
  status,
  revision: 1,
  attempt: 0,
  maxAttempts: 5,
  acceptedAt: at(seconds),
  updatedAt: at(seconds),
  availableAt: at(seconds),
  principal: "",
  cancelRequested: false,
  input: {},
});
const page = (next: string | null, ...items: readonly ListedJob[]): Page<ListedJob> => ({ items, next });
const idsOf = ({ items }: Page<ListedJob>) => items.map(({ id }) => id);

suite("a list of jobs that grows while it is read", () => {
  test("keeps its rows where they are, and says how many have come", () => {
    const {
      page: shown,
      unseen,
      isMore,
    } = followed(page("c", job(2), job(1)), page("c", job(4), job(3), job(2)));
    assert.deepEqual([idsOf(shown), unseen, isMore], [["job-2", "job-1"], 2, false]);
  });

  test("shows what has become of a job", () => {
    const { page: shown } = followed(page(null, job(1)), page(null, job(1, "succeeded")));
    assert.equal(shown.items[0]?.status, "succeeded");
  });

  test("lets go of a job that is no longer among those looked for", () => {
    const { page: shown, unseen } = followed(page(null, job(3), job(2), job(1)), page(null, job(3), job(1)));
    assert.deepEqual([idsOf(shown), unseen], [["job-3", "job-1"], 0]);
  });

  test("keeps jobs that are further back than the latest answer reaches", () => {
    const { page: shown } = followed(page("c", job(2), job(1)), page("d", job(4), job(3)));
    assert.deepEqual(idsOf(shown), ["job-2", "job-1"]);
  });

  test("says that there are more than it counts when nothing of it is in the latest answer", () => {
    const { unseen, isMore } = followed(page("c", job(2), job(1)), page("d", job(4), job(3)));
    assert.deepEqual([unseen, isMore], [2, true]);
  });

  test("counts a job that was accepted between two of its own, and has only now come to match", () => {
    const { unseen } = followed(page("c", job(3), job(1)), page("c", job(3), job(2), job(1)));
    assert.equal(unseen, 1);
  });

  test("counts no older job that the latest answer reaches because others have gone", () => {
    const { unseen } = followed(page("c", job(3), job(2)), page("b", job(3), job(1)));
    assert.equal(unseen, 0);
  });

  test("shows the first jobs without being asked", () => {
    const { page: shown, unseen } = followed(page(null), page(null, job(1)));
    assert.deepEqual([idsOf(shown), unseen], [["job-1"], 0]);
  });
});

suite("the timeline of a job", () => {
  const attempt = (number: number, start: number, end: number): Attempt => ({
    number,
    start: at(start),
    end: at(end),
    node: "one",
  });

  test("tells how long each attempt waited and ran", () => {
    const rows = timeline(at(0), [attempt(1, 1, 2), attempt(2, 5, 7)]);
    assert.deepEqual(
      rows.map(({ waitedMs, tookMs }) => [waitedMs, tookMs]),
      [
        [1_000, 1_000],
        [3_000, 2_000],
      ],
    );
  });

  test("places each attempt in the whole time", () => {
    const rows = timeline(at(0), [attempt(1, 0, 1), attempt(2, 9, 10)]);
    assert.deepEqual(
      rows.map(({ from, to }) => [from, to]),
      [
        [0, 0.1],
        [0.9, 1],
      ],
    );
  });

  test("knows a redrive by the number that starts anew", () => {
    const rows = timeline(at(0), [attempt(1, 0, 1), attempt(2, 2, 3), attempt(1, 60, 61)]);
    assert.deepEqual(
      rows.map(({ isRedriven }) => isRedriven),
      [false, false, true],
    );
  });

  test("is never negative, whatever the clocks of two nodes say", () => {
    const [row] = timeline(at(10), [attempt(1, 9, 8)]);
    assert.deepEqual([row?.waitedMs, row?.tookMs, row?.from], [0, 0, 0]);
  });
});

suite("the outlook of a job", () => {
  const around = { now: NOON, resources: [] };
  const named = { name: "place-order", paused: false } as ServedOperation;
  const receipt = (change: Partial<ListedJob>): ListedJob => ({ ...job(0), ...change });

  test("counts down to the next attempt", () => {
    const words = outlook(receipt({ attempt: 2, availableAt: at(12) }), around);
    assert.match(words, /^Attempt 3 of 5 comes in 12 s, at /);
  });

  test("says that a job which is due waits for a slot", () => {
    assert.equal(outlook(receipt({}), around), "Attempt 1 of 5 waits for a free slot.");
  });

  test("says what holds a job up", () => {
    const database = {
      name: "orders-db",
      paused: true,
      operations: ["place-order"],
    } as unknown as ResourceEntry;
    const say = (change: object) => outlook(receipt({}), { ...around, ...change });
    assert.match(say({ operation: { ...named, paused: true } }), /the operation is paused/);
    assert.match(say({ operation: named, resources: [database] }), /the resource orders-db is paused/);
    assert.match(say({ operation: { name: "place-order", unserved: true } }), /no operation of this name/);
  });

  test("that runs on after a cancel was asked for, what may become of it", () => {
    const running = { status: "running", attempt: 1 } as const;
    assert.equal(outlook(receipt(running), around), "Attempt 1 of 5 is running.");
    const asked = outlook(receipt({ ...running, cancelRequested: true }), around);
    assert.match(asked, /told to stop: if it succeeds all the same/);
  });

  test("says how long a job took to its end", () => {
    const words = outlook(receipt({ status: "succeeded", attempt: 1, updatedAt: at(2) }), around);
    assert.equal(words, "Succeeded at attempt 1, 2.0 s after it was accepted.");
  });
});
