/** What AWS's runtime client expects of its native part: answers are posted to the Runtime API, nothing waits for them. */
import { request } from "node:http";

const api = `http://${process.env["AWS_LAMBDA_RUNTIME_API"]}/2018-06-01/runtime/invocation`;

function post(path: string, body: string, headers: Readonly<Record<string, string>>): void {
  const outgoing = request(`${api}/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body), ...headers },
  });
  outgoing.on("response", (incoming) => incoming.resume());
  // Whoever kills a function takes its Runtime API away; the process ends with it.
  outgoing.on("error", () => process.exit(1));
  outgoing.end(body);
}

export function done(id: string, body: string): void {
  post(`${id}/response`, body, {});
}

export function error(id: string, body: string, _trace: string): void {
  const type = (JSON.parse(body) as { errorType?: string }).errorType ?? "Error";
  post(`${id}/error`, body, { "lambda-runtime-function-error-type": type });
}

/** Never asked: the environment says that invocations are fetched over HTTP. */
export function next(): never {
  throw new Error("Invocations are fetched over HTTP here.");
}
