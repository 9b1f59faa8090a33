// Who may stay connected to the HTTP port: at most connectionsMax, and a request that is being answered before one that
// is not there yet. A newcomer takes the place of whoever has waited longest without a whole request, so that half of a
// request, sent a thousand times, keeps nobody away who sends a whole one.

import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export function keepPlaces(server: Server, connectionsMax: number): void {
  /** In the order they came; those that wait for (the rest of) a request, and those that wait for an answer. */
  const waiting = new Set<Socket>();
  const served = new Set<Socket>();
  server.on('connection', (socket) => {
    waiting.add(socket);
    socket.once('close', () => {
      waiting.delete(socket);
      served.delete(socket);
    });
    if (waiting.size + served.size <= connectionsMax) return;
    const [longest = socket] = waiting;
    waiting.delete(longest);
    longest.destroy();
  });
  server.on('request', ({ socket }, response) => {
    waiting.delete(socket);
    served.add(socket);
    response.once('close', () => {
      if (served.delete(socket) && !socket.destroyed) waiting.add(socket);
    });
  });
}
