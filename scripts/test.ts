// `npm test`: everything that needs neither root nor a Debian package, on Node.js 26; conformance and wire on 24 too.
import {
  browserTypes,
  consoleTypes,
  docs,
  format,
  lint,
  runSteps,
  suite,
  suiteOn24,
  suiteOnPostgres,
  types,
} from "./steps.ts";

await runSteps([
  format,
  types,
  consoleTypes,
  browserTypes,
  lint,
  docs,
  suite("unit"),
  suite("architecture"),
  suite("conformance"),
  suite("wire"),
  suiteOn24("conformance"),
  suiteOn24("wire", ["bursts", "lab", "smoke"]),
  suite("browser"),
  suite("faults"),
  suiteOnPostgres("conformance"),
  suite("postgres"),
]);
