/**
 * The user's app, built again for one lane: the same operations, of which the named one gets the lane's flow and a
 * stopwatch around its handler, and a store of its own. Nothing else of it is changed.
 */
import { type App, spillway } from "../../app/app.ts";
import type { EngineSource } from "../../core/engine.ts";
import type { Flow, Operation, SqlContext } from "../../core/operation.ts";
import { settled } from "../../core/soon.ts";

/** Of one run that returned: under which id, and what came of it. */
export type Ran = { readonly id: string; readonly input: unknown; readonly output: unknown };

export type Stopwatch = {
  readonly took: (ms: number) => void;
  readonly returned: (run: Ran) => void;
};

export function laneApp(app: App, name: string, flow: Flow, engine: EngineSource, stopwatch: Stopwatch): App {
  const operations = app.options.operations.map((operation) =>
    operation.spec.name === name
      ? { ...operation, spec: { ...operation.spec, flow }, handler: timed(operation.handler, stopwatch) }
      : operation,
  );
  return spillway({ ...app.options, operations, engine });
}

function timed(handler: Operation["handler"], { took, returned }: Stopwatch): Operation["handler"] {
  return (input: never, context: SqlContext) => {
    const begunAt = performance.now();
    const threw = (error: unknown): never => {
      took(performance.now() - begunAt);
      throw error;
    };
    const over = (output: unknown): unknown => {
      took(performance.now() - begunAt);
      returned({ id: context.id, input, output });
      return output;
    };
    let result: unknown;
    try {
      result = settled(handler(input, context));
    } catch (error) {
      return threw(error);
    }
    // One that is done at once stays so.
    return result instanceof Promise ? result.then(over, threw) : over(result);
  };
}
