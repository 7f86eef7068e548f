// As much HTTP as the load generators need. Pure.

/** The request up to its last header's line end, so that one more header may follow. */
export function requestHead(hostname: string, port: string, path: string, body: string): string {
  return (
    `POST ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n`
  );
}

/** Of the whole first reply, or undefined while its head is not complete. Without a length it has no body. */
export function replyLength(received: string): number | undefined {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const length = /\r\ncontent-length: *(\d+)/i.exec(received.slice(0, headEnd))?.[1];
  return headEnd + 4 + Number(length ?? 0);
}
