// A process that is handed its jobs is gone, at each of its writes.
import { crashes } from "./support/crashes.ts";

crashes("handed", "handed");
