/** Every page of the console, by name. */
export const pages = (job: string): Readonly<Record<string, string>> => ({
  flows: "",
  jobs: "jobs",
  job: `jobs/${job}`,
  "dead-letters": "dead-letters",
  operations: "operations",
  nodes: "nodes",
  audit: "audit",
  reports: "reports",
});
