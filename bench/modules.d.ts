// The few members that the bench uses of packages that are installed only when it runs: a type check of a fresh
// clone must not need them.
declare module "fastify" {
  import type { Server } from "node:http";

  type Reply = { code(status: number): Reply; send(body: unknown): Reply };
  type Handler = (request: { readonly body: unknown }, reply: Reply) => unknown;
  export function fastify(): {
    readonly server: Server;
    post(path: string, handler: Handler): void;
    listen(address: { readonly port: number; readonly host: string }): Promise<string>;
  };
}

declare module "bullmq" {
  type Connection = { readonly host: string; readonly port: number; readonly maxRetriesPerRequest: null };
  type Removal = { readonly removeOnComplete: boolean };

  export class Queue {
    constructor(name: string, options: { connection: Connection; defaultJobOptions: Removal });
    waitUntilReady(): Promise<unknown>;
    add(name: string, data: unknown): Promise<unknown>;
    addBulk(jobs: readonly { readonly name: string; readonly data: unknown }[]): Promise<unknown>;
    drain(): Promise<void>;
  }

  export class Worker {
    constructor(
      name: string,
      run: () => Promise<unknown>,
      options: { connection: Connection; concurrency: number } & Removal,
    );
    waitUntilReady(): Promise<unknown>;
    close(): Promise<void>;
  }
}

declare module "pg-boss" {
  type Work = {
    readonly batchSize: number;
    readonly localConcurrency: number;
    readonly burstWhenBatchFull: boolean;
    readonly pollingIntervalSeconds: number;
  };

  export class PgBoss {
    constructor(options: {
      readonly connectionString: string;
      readonly max: number;
      readonly useListenNotify: boolean;
    });
    on(event: "error", listener: (error: Error) => void): void;
    start(): Promise<unknown>;
    createQueue(name: string, options: { readonly notify: boolean }): Promise<void>;
    send(name: string, data: unknown): Promise<string | null>;
    insert(name: string, jobs: readonly { readonly data: unknown }[]): Promise<unknown>;
    deleteAllJobs(name: string): Promise<void>;
    work(
      name: string,
      options: Work,
      run: (jobs: readonly { readonly data: unknown }[]) => Promise<void>,
    ): Promise<string>;
    offWork(name: string, options: { readonly wait: boolean }): Promise<void>;
  }
}

declare module "graphile-worker" {
  type Job = { readonly identifier: string; readonly payload: unknown };
  type Client = { query(text: string): Promise<unknown> };

  export class Logger {
    constructor(factory: () => () => void);
  }
  export type Runner = { stop(): Promise<void> };
  export function makeWorkerUtils(options: {
    readonly connectionString: string;
    readonly maxPoolSize: number;
    readonly logger: Logger;
  }): Promise<{
    migrate(): Promise<void>;
    addJob(identifier: string, payload: unknown): Promise<unknown>;
    addJobs(jobs: readonly Job[]): Promise<unknown>;
    withPgClient(use: (client: Client) => Promise<unknown>): Promise<void>;
  }>;
  export function run(options: {
    readonly connectionString: string;
    readonly noHandleSignals: boolean;
    readonly taskList: Readonly<Record<string, (payload: unknown) => Promise<void>>>;
    readonly preset: { readonly worker: Readonly<Record<string, unknown>> };
  }): Promise<Runner>;
}

declare module "@restatedev/restate-sdk" {
  import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

  type ObjectContext = { readonly key: string; set(name: string, value: unknown): void };
  type Definition = { readonly name: string };
  export function service(definition: {
    readonly name: string;
    readonly handlers: Readonly<Record<string, () => Promise<unknown>>>;
  }): Definition;
  export function object(definition: {
    readonly name: string;
    readonly handlers: Readonly<Record<string, (context: ObjectContext, input: unknown) => Promise<unknown>>>;
  }): Definition;
  export function createEndpointHandler(options: {
    readonly services: readonly Definition[];
    readonly logger: () => void;
  }): (request: Http2ServerRequest, response: Http2ServerResponse) => void;
}
