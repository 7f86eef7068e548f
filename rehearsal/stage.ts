/** The whole deployment of a template on this machine, from its stores to its address; and its orderly end. */
import type { Faults } from "./faults/faults.ts";
import { DirectApi } from "./gateway/direct-api.ts";
import { Front } from "./gateway/front.ts";
import { FunctionUrl } from "./gateway/function-url.ts";
import { HttpApi } from "./gateway/http-api.ts";
import { apiArn, type Functions } from "./gateway/invoking.ts";
import { SocketApi } from "./gateway/socket-api.ts";
import { identityOf } from "./identities.ts";
import { Account, LambdaFunction } from "./lambda/function.ts";
import type { InstanceHost } from "./lambda/instance.ts";
import { functionSettings } from "./lambda/settings.ts";
import { type Poller, pollersOf } from "./poller.ts";
import { dismissReaper } from "./processes.ts";
import { schedulesOf } from "./schedule.ts";
import { dynamodbPermissions, type Permission, sqsPermissions } from "./stores/actions.ts";
import { StoreProxy } from "./stores/proxy.ts";
import { createQueues, type MadeQueue } from "./stores/queues.ts";
import { type Stores, startStores } from "./stores/stores.ts";
import { createTables } from "./stores/table.ts";
import { REGION } from "./template/resolve.ts";
import { Roles } from "./template/roles.ts";
import { Template } from "./template/template.ts";

export type StageOptions = {
  readonly template: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** For every function, beside what the template says. */
  readonly environment: Readonly<Record<string, string>>;
  readonly faults: Faults;
  readonly port: number;
  /** By how much the hiding of messages and the schedules are shorter: a rehearsal has minutes. */
  readonly faster: { readonly visibility: number; readonly schedules: number };
  readonly accountConcurrency: number;
  /** Processes of one function that this machine is asked to bear. */
  readonly processes: number;
  readonly preloads: readonly string[];
  readonly onLine: InstanceHost["onLine"];
  readonly onDeath: InstanceHost["onDeath"];
};

export class Stage {
  readonly template: Template;
  readonly functions: Functions;
  readonly pollers: readonly Poller[];
  readonly queues: readonly MadeQueue[];
  readonly socket: SocketApi | undefined;
  readonly stores: Stores;
  readonly proxies: readonly StoreProxy[];
  readonly account: Account;
  readonly #front: Front;
  readonly #timers: NodeJS.Timeout[] = [];

  private constructor(
    parts: Pick<
      Stage,
      "template" | "functions" | "pollers" | "queues" | "socket" | "stores" | "proxies" | "account"
    > & { readonly front: Front },
  ) {
    this.template = parts.template;
    this.functions = parts.functions;
    this.pollers = parts.pollers;
    this.queues = parts.queues;
    this.socket = parts.socket;
    this.stores = parts.stores;
    this.proxies = parts.proxies;
    this.account = parts.account;
    this.#front = parts.front;
  }

  static async open(options: StageOptions): Promise<Stage> {
    const { faults } = options;
    const stores = await startStores();
    const dynamodb = new StoreProxy("dynamodb", stores.dynamodbPort, faults);
    const sqs = new StoreProxy("sqs", stores.sqsPort, faults);
    const front = await Front.listen(options.port);
    try {
      const ports = { dynamodb: await dynamodb.listen(), sqs: await sqs.listen(), front: front.port };
      const template = Template.read(options.template, options.parameters, identityOf(ports));
      await createTables(template, stores);
      const queues = await createQueues(template, stores, options.faster.visibility);
      const account = new Account(options.accountConcurrency);
      const functions = functionsOf(template, options, ports, account);
      const pollers = pollersOf(template, functions, queues, stores.sqs, faults);
      const socket = SocketApi.of(template, functions, faults);
      const roles = new Roles(template);
      guard(roles, functions, { dynamodb, sqs, front, socket, pollers });
      front.open({
        http: new HttpApi(template, functions),
        events: FunctionUrl.of(template, functions),
        direct: DirectApi.of(template, roles, stores.sqs, faults),
        socket,
      });
      const stage = new Stage({
        template,
        functions,
        pollers,
        queues,
        socket,
        stores,
        proxies: [dynamodb, sqs],
        account,
        front,
      });
      stage.#start(options.faster.schedules);
      return stage;
    } catch (error) {
      front.close();
      dynamodb.close();
      sqs.close();
      await stores.close();
      await dismissReaper();
      throw error;
    }
  }

  get port(): number {
    return this.#front.port;
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#front.close();
    this.socket?.close();
    await Promise.all(this.pollers.map((poller) => poller.stop()));
    await Promise.all([...this.functions.values()].map((one) => one.close()));
    for (const proxy of this.proxies) proxy.close();
    await this.stores.close();
    await dismissReaper();
  }

  #start(faster: number): void {
    for (const poller of this.pollers) poller.start();
    for (const { everyMs, target, event } of schedulesOf(this.template, this.functions)) {
      // Never two at a time: at their own pace they would not meet either.
      let isRunning = false;
      const run = (): void => {
        if (isRunning) return;
        isRunning = true;
        target
          .invoke(event)
          .catch(() => undefined)
          .finally(() => {
            isRunning = false;
          });
      };
      this.#timers.push(setInterval(run, everyMs / faster));
    }
  }
}

function functionsOf(
  template: Template,
  { environment, processes, preloads, onLine, onDeath }: StageOptions,
  ports: { readonly dynamodb: number; readonly sqs: number; readonly front: number },
  account: Account,
): Functions {
  const stores = {
    AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${ports.dynamodb}`,
    AWS_ENDPOINT_URL_SQS: `http://127.0.0.1:${ports.sqs}`,
  };
  return new Map(
    template.all("AWS::Lambda::Function").map((resource) => {
      const settings = functionSettings(template, resource);
      // The connections' endpoint has a name of AWS's; here it is on this machine.
      const here = Object.entries(settings.environment).map(([name, value]) => [
        name,
        value.replace(
          new RegExp(`^(?:https|wss)://[a-z0-9]+\\.execute-api\\.${REGION}\\.amazonaws\\.com/`),
          (all) => (name.includes("SOCKET") ? `http://127.0.0.1:${ports.front}/` : all),
        ),
      ]);
      const own = { ...settings, environment: { ...Object.fromEntries(here), ...environment, ...stores } };
      return [
        resource.name,
        new LambdaFunction(own, { environment: {}, preloads, onLine, onDeath }, account, processes),
      ];
    }),
  );
}

type Guarded = {
  readonly dynamodb: StoreProxy;
  readonly sqs: StoreProxy;
  readonly front: Front;
  readonly socket: SocketApi | undefined;
  readonly pollers: readonly Poller[];
};

/** Every request is held against the role of the function that signed it. */
function guard(roles: Roles, functions: Functions, { dynamodb, sqs, front, socket, pollers }: Guarded): void {
  const refusal = (caller: string, permissions: readonly Permission[]): string | undefined => {
    const role = functions.get(caller)?.settings.role;
    if (role === undefined) return `${caller} is no function of the template`;
    for (const { action, resource } of permissions) {
      const why = roles.refusal(role, action, resource);
      if (why !== undefined) return why;
    }
    return undefined;
  };
  dynamodb.guard = ({ caller, action, body }) => refusal(caller, dynamodbPermissions(action, body));
  sqs.guard = ({ caller, action, body }) => refusal(caller, sqsPermissions(action, body));
  front.guard = (caller, method) =>
    refusal(caller, [
      {
        action: "execute-api:ManageConnections",
        resource: apiArn(socket?.id ?? "", `${socket?.stage}/${method}/@connections/an-id`),
      },
    ]);
  // What AWS asks of the role of a mapping's function.
  for (const { target, queue } of pollers)
    for (const action of ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]) {
      const why = roles.refusal(target.settings.role, action, queue.arn);
      if (why !== undefined)
        throw new Error(`${target.settings.name} is to be fed from ${queue.name}: ${why}.`);
    }
}
