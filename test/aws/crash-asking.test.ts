// A process that asks for its jobs is gone, at each of its writes.
import { crashes } from "./support/crashes.ts";

crashes("asking", "asking");
