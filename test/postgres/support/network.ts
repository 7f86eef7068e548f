/** What becomes of packets between loopback's addresses and a port, by nftables: it needs root. */
import { spawnSync } from "node:child_process";

const required = process.env["SPILLWAY_REQUIRE"]?.split(",").includes("nftables");
const works = process.getuid?.() === 0 && spawnSync("nft", ["list", "tables"]).status === 0;

/** Why a test that needs it is skipped, for `node:test`; where it is required, never. */
export const missingNetwork: string | false =
  required || works ? false : "needs root and nftables; SPILLWAY_REQUIRE=nftables insists on it";

/** By what it does to the packets to a server at an address and port, and to those from it. */
export const TROUBLES = {
  "drops everything": (to, from) => [`${to} drop`, `${from} drop`],
  "drops what is sent to the server": (to) => [`${to} drop`],
  "drops what the server sends": (_, from) => [`${from} drop`],
  "resets connections": (to) => [`meta l4proto tcp ${to} reject with tcp reset`],
  "loses a fifth of all packets": (to, from) => [
    `${to} numgen random mod 100 < 20 drop`,
    `${from} numgen random mod 100 < 20 drop`,
  ],
} as const satisfies Readonly<Record<string, (to: string, from: string) => readonly string[]>>;

export type Trouble = keyof typeof TROUBLES;

/** @returns ends it */
export function trouble(kind: Trouble, address: string, port: number): () => void {
  const table = `spillway_${port}_${address.replaceAll(".", "_")}`;
  const rules = TROUBLES[kind](
    `ip daddr ${address} tcp dport ${port}`,
    `ip saddr ${address} tcp sport ${port}`,
  );
  nft(`
    table inet ${table}
    delete table inet ${table}
    table inet ${table} {
      chain output {
        type filter hook output priority 0; policy accept;
        ${rules.join("\n")}
      }
    }`);
  return () => nft(`table inet ${table}\ndelete table inet ${table}`);
}

function nft(input: string): void {
  const { status, stderr } = spawnSync("nft", ["-f", "-"], { input, encoding: "utf8" });
  if (status !== 0) throw new Error(`nft refused:\n${stderr}`);
}
