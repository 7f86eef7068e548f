/** What an audit entry says was done, as a sentence. What it does not know it leaves to the entry itself. */

import { jobs } from "../../parts/count.ts";
import type { AuditEntry } from "../../wire.ts";

export function deedOf({ action, target, detail }: AuditEntry): string {
  const about = isMembers(detail) ? detail : {};
  if (action === "set") return settings(about, nameOf(target));
  if (action === "redrive") return `Redrove ${those(about)}${about["rate"] ? `, at ${about["rate"]}` : ""}`;
  if (action === "purge") return `Purged ${those(about)}`;
  if (action === "cancel")
    return about["operation"] ? `Cancelled a job of ${about["operation"]}` : "Cancelled a job";
  return `${action} ${target}`;
}

type Members = Readonly<Record<string, unknown>>;

const KINDS: Readonly<Record<string, string>> = { operations: "the operation", resources: "the resource" };

function nameOf(target: string): string {
  const [kind = "", ...rest] = target.split("/");
  return `${KINDS[kind] ?? kind} ${rest.join("/")}`;
}

function settings({ paused, concurrency }: Members, name: string): string {
  const deeds: string[] = [];
  if (paused !== undefined) deeds.push(`${paused ? "paused" : "resumed"} ${name}`);
  if (concurrency === null) deeds.push(`put the concurrency of ${name} back to what is declared`);
  else if (concurrency !== undefined) deeds.push(`set the concurrency of ${name} to ${concurrency}`);
  const text = deeds.join(", ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function those({ count, operation, errorCode, ids }: Members): string {
  const many = typeof count === "number" ? jobs(count) : "jobs";
  const chosen = Array.isArray(ids) ? "chosen one by one" : "";
  const of = operation ? `of ${operation}` : "";
  const failed = errorCode ? `that failed with ${errorCode}` : "";
  return [many, of, failed, chosen].filter((part) => part !== "").join(" ");
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const MOST_LINKS = 5;

/** Those that it names, and that can still be looked at. */
export function jobsOf({ action, target, detail }: AuditEntry): readonly string[] {
  const [kind, id] = target.split("/");
  if (kind === "jobs" && id) return [id];
  const ids = isMembers(detail) && action !== "purge" ? detail["ids"] : undefined;
  return Array.isArray(ids) ? ids.filter((id) => typeof id === "string").slice(0, MOST_LINKS) : [];
}
