// Imports one module, says how many milliseconds that took, and ends.
const [, , module = ""] = process.argv;
const began = performance.now();
await import(module);
console.log(performance.now() - began);
process.exit(0);
