// An app that moves from functions to containers: what a process that was handed its jobs leaves, at each of its writes.
import { crashes } from "./support/crashes.ts";

crashes("handed", "asking");
