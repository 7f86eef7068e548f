/** How many may run at once: what is in force, what was declared, and a form to change it in place. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { count } from "../../format.ts";
import { Button } from "../../parts/button.tsx";

/** As docs/wire.md §7 has it. */
const MOST = 100_000;

type ConcurrencyProps = {
  readonly name: string;
  readonly inForce: number | null;
  readonly declared: number | null;
  readonly isBusy: boolean;
  /** Resolves to whether it was done; `null` goes back to what is declared. */
  readonly onSet: (concurrency: number | null) => Promise<boolean>;
};

export function Concurrency(props: ConcurrencyProps) {
  const { name, inForce, declared, isBusy } = props;
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLDivElement>(null);
  const wasOpen = useRef(false);
  useEffect(() => {
    // The focus goes back to where it came from.
    if (wasOpen.current && !isOpen) button.current?.querySelector("button")?.focus();
    wasOpen.current = isOpen;
  }, [isOpen]);
  if (isOpen) return <Form {...props} close={() => setOpen(false)} />;
  return (
    <div class="concurrency" ref={button}>
      <span>
        {inForce === null ? <span class="quiet">no own limit</span> : count(inForce)}
        {inForce !== declared && (
          <span class="quiet"> (declared {declared === null ? "none" : count(declared)})</span>
        )}
      </span>
      <Button
        disabled={isBusy}
        aria-label={`Change the concurrency of ${name}`}
        onClick={() => setOpen(true)}
      >
        Change
      </Button>
    </div>
  );
}

function Form({
  name,
  inForce,
  declared,
  isBusy,
  onSet,
  close,
}: ConcurrencyProps & { readonly close: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  // Before anything more is typed.
  useLayoutEffect(() => input.current?.select(), []);
  const set = async (concurrency: number | null): Promise<void> => {
    if (await onSet(concurrency)) close();
  };
  return (
    <form
      class="concurrency-form"
      aria-label={`Concurrency of ${name}`}
      onSubmit={(event) => {
        event.preventDefault();
        void set(Number(new FormData(event.currentTarget).get("concurrency")));
      }}
      onKeyDown={({ key }) => key === "Escape" && close()}
    >
      <input
        name="concurrency"
        type="number"
        min="1"
        max={MOST}
        required
        ref={input}
        aria-label={`Concurrency of ${name}`}
        defaultValue={inForce ?? ""}
      />
      <Button kind="main" type="submit" busy={isBusy}>
        Set
      </Button>
      {inForce !== declared && (
        <Button disabled={isBusy} onClick={() => set(null)}>
          {declared === null ? "Remove" : `Back to ${count(declared)}`}
        </Button>
      )}
      <Button onClick={close}>Cancel</Button>
    </form>
  );
}
