// The page of a report: whatever an operation or an app is called, it is shown and never run.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { filled } from "../../src/lab/page.ts";
import { report } from "../support/flow-report.ts";

const TEMPLATE = [
  "<title>Flow report</title>",
  "<noscript><!--text--></noscript>",
  '<script type="application/json" id="report"><!--report--></script>',
  "<script>console.log('</' + 'script>')</script>",
].join("\n");

const HOSTILE = "</script><img src=x onerror=alert(1)><!--$& \u2028";

suite("the page of a report", () => {
  test("holds the report, to the letter", () => {
    const hostile = report({ operation: HOSTILE, app: HOSTILE });
    const json = /id="report">(.*?)<\/script>/s.exec(filled(TEMPLATE, hostile))?.[1];
    assert.deepEqual(JSON.parse(json ?? ""), JSON.parse(JSON.stringify(hostile)));
  });

  test("has no element and no comment that the report brought along", () => {
    const page = filled(TEMPLATE, report({ operation: HOSTILE, app: HOSTILE, basis: [HOSTILE] }));
    assert.deepEqual(
      [...page.matchAll(/<\/?[a-z!][^\s>]*/gi)].map(([tag]) => tag),
      [
        "<title",
        "</title",
        "<noscript",
        "<pre",
        "</pre",
        "</noscript",
        "<script",
        "</script",
        "<script",
        "</script",
      ],
    );
  });

  test("shows the table and the recommendation where no script runs", () => {
    const page = filled(TEMPLATE, report());
    assert.match(
      page,
      /<noscript><pre>place-order of app\.ts.*Serve place-order as a spill, as it\sis declared\..*<\/pre><\/noscript>/s,
    );
  });

  test("is named after the operation", () => {
    assert.match(filled(TEMPLATE, report()), /<title>place-order · flow report<\/title>/);
  });
});
