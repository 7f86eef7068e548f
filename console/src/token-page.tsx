/** Asks for the admin token, once. */
import { useState } from "preact/hooks";
import { Button } from "./parts/button.tsx";
import { Field } from "./parts/field.tsx";
import { enter } from "./session.ts";

export function TokenPage() {
  const [wrong, setWrong] = useState<string | undefined>();
  const [isBusy, setBusy] = useState(false);

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const token = new FormData(event.currentTarget as HTMLFormElement).get("token");
    setBusy(true);
    setWrong(await enter(String(token).trim()));
    setBusy(false);
  };

  return (
    <main class="token-page">
      <form class="panel" onSubmit={submit}>
        <h1>Spillway</h1>
        <p class="quiet">
          The console is for administrators. The server said at its start where its admin token is:{" "}
          <code>SPILLWAY_ADMIN_TOKEN</code>, or a file in its data folder.
        </p>
        <Field label="Admin token" wrong={wrong}>
          {(field) => (
            <input {...field} name="token" type="password" autocomplete="current-password" required />
          )}
        </Field>
        <Button kind="main" type="submit" busy={isBusy}>
          Enter
        </Button>
      </form>
    </main>
  );
}
