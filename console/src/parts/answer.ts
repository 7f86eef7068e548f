/** What the server answers to one question, asked again whenever the question changes. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { type Asking, ask } from "../api.ts";

export type Answered<T> = {
  /** Of the question before, while a new one is on its way. */
  readonly value: T | undefined;
  readonly error: unknown;
  readonly isLoading: boolean;
  readonly again: () => void;
};

/** @param everyMs asks again by itself so long after each answer, while the page is looked at */
export function useAnswer<T>(path: string, query?: Asking["query"], everyMs?: number): Answered<T> {
  const asks = (signal: AbortSignal) => ask<T>(path, { ...(query && { query }), signal });
  return useAsked(JSON.stringify([path, query]), asks, everyMs);
}

/** For what takes more than one request; `question` names it, and is asked anew when it changes. */
export function useAsked<T>(
  question: string,
  asks: (signal: AbortSignal) => Promise<T>,
  everyMs?: number,
): Answered<T> {
  const [answer, setAnswer] = useState<{
    readonly to?: string;
    readonly value?: T;
    readonly error?: unknown;
  }>({});
  const [isAsking, setAsking] = useState(true);
  const [round, setRound] = useState(0);

  useEffect(() => {
    const abort = new AbortController();
    setAsking(true);
    asks(abort.signal).then(
      (value) => {
        if (abort.signal.aborted) return;
        setAnswer({ to: question, value });
        setAsking(false);
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        setAnswer(({ value }) => ({ to: question, ...(value !== undefined && { value }), error }));
        setAsking(false);
      },
    );
    return () => abort.abort();
  }, [question, round]);

  const again = useCallback(() => setRound((n) => n + 1), []);
  useEffect(
    () => (everyMs === undefined || isAsking ? undefined : whenLookedAt(everyMs, again)),
    [everyMs, isAsking, again],
  );

  return { value: answer.value, error: answer.error, isLoading: isAsking || answer.to !== question, again };
}

/** A page that nobody sees asks nothing; it catches up as soon as somebody does. */
function whenLookedAt(afterMs: number, then: () => void): () => void {
  const look = (): void => {
    if (document.visibilityState === "visible") then();
    else document.addEventListener("visibilitychange", look, { once: true });
  };
  const timer = setTimeout(look, afterMs);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  };
}
