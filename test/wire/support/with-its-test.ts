/**
 * Loaded into the servers of tests before anything else: each ends with the process that started it, however that ended.
 * Such a server would go on for ever, and nobody would know its port.
 */
process.on("disconnect", () => process.exit());
// The server alone decides how long it lives while its test does.
process.channel?.unref();
