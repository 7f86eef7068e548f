/** The console's lines over time: one value for each look, and a gap where nothing is known. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findOperation, findResource } from "../../console/src/pages/flows/movement.ts";
import { courseOf } from "../../console/src/pages/flows/series.ts";
import { look, operationEntry, resourceEntry } from "../support/console-figures.ts";

const place = findOperation("place");
const answered = (count: number) => [operationEntry({ totals: { answered: count } })];

test("a rate is what was counted since the look before", () => {
  const course = courseOf([look(0, answered(0)), look(1, answered(40)), look(3, answered(60))], place);
  assert.deepEqual(course.answered, [null, 40, 10]);
});

test("where looks are missing the line has a gap, and no rate is made up for it", () => {
  const course = courseOf([look(0, answered(0)), look(1, answered(9)), look(21, answered(999))], place);
  assert.deepEqual(course.answered, [null, 9, null, null]);
  assert.deepEqual(course.queued, [0, 0, null, 0]);
  assert.deepEqual(
    course.at.map((at) => at - (course.at[0] ?? 0)),
    [0, 1, 11, 21],
  );
});

test("where the server was started anew the line has a gap", () => {
  const course = courseOf([look(0, answered(70)), look(1, answered(3), { startedAt: "second" })], place);
  assert.deepEqual(course.answered, [null, null, null]);
});

test("an empty queue's oldest has waited for no time; what is not there has no value at all", () => {
  assert.deepEqual(courseOf([look(0, [operationEntry()]), look(1, [])], place).oldestSeconds, [0, null]);
});

test("the limit is a resource's concurrency, and of an operation the smallest in force", () => {
  const looks = [look(0, [operationEntry({ limit: 4 })], { resources: [resourceEntry({ concurrency: 7 })] })];
  assert.deepEqual([courseOf(looks, place).limit, courseOf(looks, findResource("db")).limit], [[4], [7]]);
});
