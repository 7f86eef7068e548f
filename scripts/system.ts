// `npm run test:system`: what needs root, Debian packages, or the emulators of AWS; and what of PostgreSQL takes long.
import { runSteps, suite, suiteOnAws, suiteOnPostgres, wireOnAws, wireOnPostgres } from "./steps.ts";

await runSteps([
  suite("system"),
  suite("nodes"),
  suiteOnPostgres("conformance", 15),
  wireOnPostgres,
  suite("aws"),
  suiteOnAws("conformance"),
  wireOnAws,
]);
