/** An engine of which one can tell when nothing is under way: a function must not be stopped in the middle of it. */
import type { Engine } from "../core/engine.ts";

/** `quiet`: resolves when nothing of the engine's own is under way, such as messages that it sends. */
export type FunctionEngine = Engine & { quiet?(): Promise<void> };

export function watched<E extends FunctionEngine>(
  engine: E,
): { readonly engine: E; readonly idle: () => Promise<void> } {
  const underWay = new Set<Promise<unknown>>();
  const watch = (result: unknown): unknown => {
    if (!(result instanceof Promise)) return result;
    const over = () => underWay.delete(result);
    underWay.add(result);
    result.then(over, over);
    return result;
  };
  return {
    engine: new Proxy(engine, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...given: readonly unknown[]) => watch(Reflect.apply(member, target, given));
      },
    }),
    idle: async () => {
      while (underWay.size > 0) await Promise.allSettled(underWay);
      await engine.quiet?.();
    },
  };
}
