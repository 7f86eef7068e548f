// `npm run check`: what every commit must pass, in under a minute. `npm test` is the whole.
import { consoleTypes, docs, format, lint, runSteps, suite, types } from "./steps.ts";

await runSteps([
  format,
  types,
  consoleTypes,
  lint,
  docs,
  suite("unit"),
  suite("conformance"),
  suite("architecture"),
]);
