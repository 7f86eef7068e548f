// Imports one module, says how many milliseconds that took and how many of them a processor worked, and ends.
const [, , module = ""] = process.argv;
const [began, used] = [performance.now(), process.cpuUsage()];
await import(module);
const [ms, { user, system }] = [performance.now() - began, process.cpuUsage(used)];
console.log(JSON.stringify({ ms, cpuMs: (user + system) / 1_000 }));
process.exit(0);
