// `npm run test:system`: what needs root, Debian packages, or the emulators of AWS.
import { runSteps, suite } from "./steps.ts";

await runSteps([suite("system"), suite("aws")]);
