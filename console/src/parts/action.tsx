/** Something that changes the server: pressed once, then what came of it, said aloud. */
import { useCallback, useState } from "preact/hooks";
import { Trouble } from "./trouble.tsx";

export type Action = {
  readonly isBusy: boolean;
  readonly said: string | undefined;
  readonly error: unknown;
  /** Resolves to whether it was done. `change` resolves to what to say about it. */
  readonly run: (change: () => Promise<string>) => Promise<boolean>;
};

export function useAction(): Action {
  const [state, setState] = useState<Omit<Action, "run">>({
    isBusy: false,
    said: undefined,
    error: undefined,
  });
  const run = useCallback(async (change: () => Promise<string>) => {
    setState({ isBusy: true, said: undefined, error: undefined });
    try {
      setState({ isBusy: false, said: await change(), error: undefined });
      return true;
    } catch (error) {
      setState({ isBusy: false, said: undefined, error });
      return false;
    }
  }, []);
  return { ...state, run };
}

/** Always there, as what is not in the page yet is not read aloud when it comes. */
export function Said({ by: { said, error } }: { readonly by: Action }) {
  return (
    <>
      <div class="said" role="status">
        {said && <p>{said}</p>}
      </div>
      {error !== undefined && <Trouble error={error} />}
    </>
  );
}
