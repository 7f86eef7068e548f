/** Out again: the browser forgets the admin token, which the server alone can make it do. */
import { useState } from "preact/hooks";
import { ask } from "./api.ts";
import { wordsOf } from "./parts/trouble.tsx";

export function SignOut() {
  const [error, setError] = useState<unknown>();

  const leave = async (): Promise<void> => {
    try {
      await ask("/admin/session", { method: "DELETE" });
      // What was shown is not to be found in the page's memory either.
      location.reload();
    } catch (cause) {
      setError(cause);
    }
  };

  return (
    <>
      <button class="sign-out" type="button" onClick={leave}>
        Sign out
      </button>
      {error !== undefined && (
        <p class="still-in" role="alert">
          Not signed out. {wordsOf(error)}
        </p>
      )}
    </>
  );
}
