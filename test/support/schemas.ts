/** A schema that takes whatever comes, for tests that are not about schemas. */
import type { Schema } from "../../src/core/schema.ts";

export const anything: Schema<unknown, unknown> = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) },
};
