/** The way to a job. Its id is long, and begins alike for those of one moment, so the end of it is shown. */
import { hrefOf } from "../router.ts";

export function JobLink({ id }: { readonly id: string }) {
  return (
    <a href={jobHref(id)} title={id}>
      <code>{shortId(id)}</code>
    </a>
  );
}

export function jobHref(id: string): string {
  return hrefOf(`/jobs/${encodeURIComponent(id)}`);
}

export function shortId(id: string): string {
  return id.length > 10 ? `…${id.slice(-8)}` : id;
}
