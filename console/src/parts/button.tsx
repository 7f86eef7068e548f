/** A button that cannot be pressed twice while what it began goes on. */
import type { ButtonHTMLAttributes } from "preact";

export type ButtonProps = Omit<ButtonHTMLAttributes, "size"> & {
  readonly kind?: "main" | "plain" | "danger";
  readonly busy?: boolean;
};

export function Button({ kind = "plain", busy = false, disabled, type = "button", ...rest }: ButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      class={`button ${kind}`}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
    />
  );
}
