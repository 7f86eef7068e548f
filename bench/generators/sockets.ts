// Holds WebSockets open: `node sockets.ts URL COUNT`. Each has had one answer when "open" is printed; ends with its
// standard input.
const [url = "", count = ""] = process.argv.slice(2);
/** Opened at once: more would only wait in the server's queue of connections. */
const AT_ONCE = 50;

const opened: WebSocket[] = [];
while (opened.length < Number(count)) {
  const some = Array.from({ length: Math.min(AT_ONCE, Number(count) - opened.length) }, open);
  opened.push(...(await Promise.all(some)));
}
process.stdout.write("open\n");
process.stdin.resume().on("end", () => process.exit(0));

function open(): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, "spillway.v1");
    socket.onopen = () => socket.send('{"type":"ping"}');
    socket.onmessage = () => resolve(socket);
    socket.onerror = reject;
  });
}
