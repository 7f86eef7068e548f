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
  const [answer, setAnswer] = useState<{ readonly value?: T; readonly error?: unknown }>({});
  const [isLoading, setLoading] = useState(true);
  const [round, setRound] = useState(0);
  const question = JSON.stringify([path, query]);

  useEffect(() => {
    const abort = new AbortController();
    setLoading(true);
    ask<T>(path, { ...(query && { query }), signal: abort.signal }).then(
      (value) => {
        setAnswer({ value });
        setLoading(false);
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        setAnswer(({ value }) => ({ ...(value !== undefined && { value }), error }));
        setLoading(false);
      },
    );
    return () => abort.abort();
  }, [question, round]);

  const again = useCallback(() => setRound((n) => n + 1), []);
  useEffect(() => {
    if (everyMs === undefined || isLoading) return undefined;
    const timer = setTimeout(() => document.visibilityState === "visible" && again(), everyMs);
    return () => clearTimeout(timer);
  }, [everyMs, isLoading, again]);

  return { value: answer.value, error: answer.error, isLoading, again };
}
