/** What an application imports from "spillway". Re-exports only. */
export type { App, AppHost, AppOptions, RunningApp } from "./app/app.ts";
export { spillway } from "./app/app.ts";
export type { RetryOptions } from "./core/backoff.ts";
export type { Duration, Rate } from "./core/duration.ts";
export type { TableReader, TableWriter, Versioned, WriteOptions } from "./core/effects.ts";
export type { Problem, ProblemCode } from "./core/errors.ts";
export {
  ProblemError,
  problem,
  RetryableError,
  SpillwayError,
  TerminalError,
  ThrottledError,
} from "./core/errors.ts";
export type {
  Access,
  Context,
  Flow,
  Handler,
  Operation,
  Spec,
  SpecOptions,
  SqlContext,
} from "./core/operation.ts";
export { operation, spec } from "./core/operation.ts";
export type { Resource, ResourceOptions } from "./core/resource.ts";
export { resource } from "./core/resource.ts";
export type { Schema } from "./core/schema.ts";
export type { SqlExpectation, SqlOptions, SqlValue, WriteSql } from "./core/sql.ts";
export type { Sql, SqlRows } from "./core/sql-transaction.ts";
export type { ItemCondition, Table } from "./core/table.ts";
export { table } from "./core/table.ts";
export type { Authenticate, Credentials, Identity } from "./door/identity.ts";
export { bearerTokens } from "./door/identity.ts";
export type { QuotaOptions } from "./door/quotas.ts";
