/** Stands where a test file stands: starts a server, says at which port, and waits to be killed. */
import { startApp } from "../support/server.ts";

const server = await startApp("bare");
console.log(server.port);
