// What the bench may be asked: a mistake in an option must not become a figure of something else.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { help, parse } from "../../bench/options.ts";

const refused = (args: readonly string[], message: RegExp) =>
  assert.throws(() => parse(args), { name: "RangeError", message });

suite("the options of the bench", () => {
  test("without any it is the main table, all rows, three rounds of three seconds", () => {
    const options = parse([]);
    assert.equal(options?.kind, "main");
    assert.deepEqual([options?.rounds, options?.seconds, options?.connections], [3, 3, 64]);
    assert.deepEqual(options?.rows, ["accept", "keyed", "drain", "write", "run", "batch", "draining"]);
  });

  for (const [args, kind] of [
    [["--goals"], "goals"],
    [["--console"], "console"],
    [["--cold"], "cold"],
    [["--peers", "--save"], "peers"],
    [["--soak", "10m"], "soak"],
    [["--postgres"], "postgres"],
    [["--postgres-soak", "5000000"], "postgres-soak"],
    [["--against", "HEAD~1"], "against"],
  ] as const) {
    test(`${args.join(" ")} is the run "${kind}"`, () => assert.equal(parse(args)?.kind, kind));
  }

  test("a soak's duration is in minutes or in seconds", () => {
    assert.equal(parse(["--soak", "10m"])?.soakMinutes, 10);
    assert.equal(parse(["--soak", "90s"])?.soakMinutes, 1.5);
    refused(["--soak", "ten"], /"ten"\. Use a duration such as 10m or 90s/);
  });

  test("a soak on PostgreSQL is of so many jobs", () => {
    assert.equal(parse(["--postgres-soak", "200000"])?.soakJobs, 200_000);
    refused(["--postgres-soak", "10m"], /--postgres-soak is "10m"\. Use a whole number/);
  });

  test("two runs at once are refused, and so are two outputs", () => {
    refused(["--peers", "--goals"], /two runs\. Start one after the other/);
    refused(["--json", "--markdown"], /two outputs\. Choose one/);
  });

  test("an option that is not known is refused, and the help named", () => {
    refused(["--fast"], /--fast.*--help/);
    refused(["somewhere"], /somewhere.*--help/);
  });

  test("numbers that are none, or out of bounds, are refused with the value and the bounds", () => {
    refused(["--rounds", "0"], /--rounds is "0"\. Use a whole number from 1 to 100/);
    refused(["--seconds", "1.5"], /--seconds is "1\.5"/);
    refused(["--connections", "100000"], /from 1 to 1000/);
  });

  test("--only names rows, and says which there are", () => {
    assert.deepEqual(parse(["--only", "accept,drain"])?.rows, ["accept", "drain"]);
    refused(["--only", "speed"], /"speed"\. The rows are accept, keyed/);
  });

  test("the help names every option", () => {
    assert.equal(parse(["--help"]), undefined);
    for (const option of [
      "against",
      "goals",
      "peers",
      "console",
      "cold",
      "soak",
      "only",
      "json",
      "markdown",
      "save",
      "profile",
    ])
      assert.match(help, new RegExp(`--${option}\\b`));
  });
});
