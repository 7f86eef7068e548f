// `npm run test:system`: what needs root, Debian packages, or the emulators of AWS.
import { runSteps, suite, suiteOnAws, wireOnAws } from "./steps.ts";

await runSteps([suite("system"), suite("aws"), suiteOnAws("conformance"), wireOnAws]);
