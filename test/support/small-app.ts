// An app around the small door, for tests that serve one in a process of its own: says on the standard output what is
// asked of it, and keeps its private things in the folder SMALL_APP_FOLDER.
import type { App, RunningApp } from "../../src/app/app.ts";
import type { Door } from "../../src/door/exchange.ts";
import { emptyState, smallDoor } from "./small-door.ts";

function say(line: string): void {
  if (process.env["SMALL_APP_SAYS"]) console.log(line);
}

export const app: App = {
  kind: "app",
  options: { operations: [] },
  async start(host) {
    let finished: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      finished = resolve;
    });
    const inner = smallDoor(emptyState(), released);
    let phase = "serving";
    const door: Door = {
      ...inner,
      async handle(request) {
        if (request.path === "/fatal") host.onFatal(new Error("the disk\nis gone"));
        if (request.path === "/phase") return { status: 200, headers: [], body: phase };
        return inner.handle(request);
      },
    };
    const running: RunningApp = {
      door,
      get detached(): never {
        throw new Error("This app has no sockets of that kind.");
      },
      get texts(): never {
        throw new Error("This app has no sockets of that kind.");
      },
      location: "nowhere",
      folder: process.env["SMALL_APP_FOLDER"],
      notes: ["A note."],
      slots: () => [],
      deliveries: undefined,
      readSettings: async () => undefined,
      acceptAdminToken: (token) => say(`accepted ${token.length} characters`),
      beginDrain: () => {
        phase = "draining";
        say("beginDrain");
      },
      finishWork: async (limitMs) => {
        say(`finishWork ${limitMs}`);
        finished();
      },
      close: async () => say("close"),
    };
    return running;
  },
};
