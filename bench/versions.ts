// The versions that are pinned, for the names of rows: read from where they are pinned, so that they agree.
import fastifyManifest from "./fastify/package.json" with { type: "json" };
import peersManifest from "./peers/package.json" with { type: "json" };

export const versions = { ...peersManifest.dependencies, ...fastifyManifest.dependencies };
