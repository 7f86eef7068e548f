// An app that moves from containers to functions: what a process that asked for its jobs leaves, at each of its writes.
import { crashes } from "./support/crashes.ts";

crashes("asking", "handed");
