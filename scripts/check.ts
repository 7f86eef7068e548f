// `npm run check`: what every commit must pass, in under a minute. `npm test` is the whole.
import { docs, format, lint, runSteps, suite, types } from "./steps.ts";

await runSteps([format, types, lint, docs, suite("unit"), suite("conformance"), suite("architecture")]);
