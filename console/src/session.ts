/**
 * Whether the server knows us as an administrator. The token itself is sent once, and kept by the browser in a
 * cookie that no script can read.
 */
import { signal } from "@preact/signals";

export type Session = "open" | "token-needed";

export const session = signal<Session>("open");
/** Whether we are known by the cookie: else there is nothing to sign out of. */
export const hasCookie = signal(false);

export function askForToken(): void {
  session.value = "token-needed";
}

const NOT_KEPT =
  "The token is right, but this browser cannot be told from other sites. Come by https, or from the machine itself.";

/** Resolves to what is wrong, if anything is. */
export async function enter(token: string): Promise<string | undefined> {
  // RFC 6750 §2.1: anything else could not be a header.
  if (!/^[\w.~+/-]+=*$/.test(token)) return "A token has only letters, digits and . _ ~ + / - =";
  try {
    const { ok, status } = await fetch("/admin/session", {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
    });
    if (!ok) return status === 401 ? "That is not the admin token." : `The server answered ${status}.`;
    // Without TLS, and from elsewhere, a browser does not say which page asks; then its cookie does not count.
    if ((await look()) === 401) return NOT_KEPT;
  } catch {
    return "The server cannot be reached.";
  }
  session.value = "open";
  return undefined;
}

/** How the server knows us, and whether it does. */
export async function look(): Promise<number> {
  const { status, headers } = await fetch("/admin/session");
  hasCookie.value = headers.get("spillway-session") === "cookie";
  return status;
}
