/** What a process shows by its role: a process that only runs jobs takes no calls, one that shows receipts nothing. */
import type { Role } from "../core/runtime.ts";
import { type Refused, refuse } from "./replies.ts";
import type { Route } from "./routes.ts";

type Shown = {
  /** All of them where none are named. */
  readonly kinds?: readonly Route["kind"][];
  /** What the process does, for whoever asked it for something else. */
  readonly does: string;
};

const HEALTH = ["live", "ready"] as const;

const SHOWN: Readonly<Record<Role, Shown>> = {
  all: { does: "" },
  gateway: { does: "" },
  worker: {
    kinds: [...HEALTH, "metrics", "session", "admin"],
    does: "runs queued jobs and takes no calls (its role is worker)",
  },
  status: {
    kinds: [...HEALTH, "receipt", "events"],
    does: "shows receipts and takes no calls (its role is status)",
  },
};

export function isShown(role: Role, { kind }: Route): boolean {
  return SHOWN[role].kinds?.includes(kind) ?? true;
}

/** To somebody who came to the wrong process, and will find what he looks for at a gateway. */
export function notShown(role: Role): Refused {
  return refuse("not-found", `This process ${SHOWN[role].does}. Ask a gateway.`);
}
