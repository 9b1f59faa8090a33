// Opens a connection within a time limit, or until someone wants to stop.

import type net from 'node:net';
import { type Address, formatAddress } from '../config/address.ts';
import { fromSystemError, SpillwayError } from '../errors.ts';

export interface Opening {
  readonly socket: net.Socket;
  /** The event that says that it may be used. */
  readonly ready: string;
  /** Why it failed, where the system does not say it. */
  readonly explain?: (cause: Error) => string | undefined;
}

/** @throws SpillwayError `unreachable`, `timeout`, `closed`. */
export async function dial(
  address: Address,
  open: () => Opening,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<net.Socket> {
  const where = formatAddress(address);
  const { socket, ready, explain } = open();
  const opened = Promise.withResolvers<void>();
  const timer = setTimeout(
    () =>
      opened.reject(new SpillwayError('timeout', `cannot connect to ${where}: no answer in ${timeoutMs} ms`)),
    timeoutMs,
  );
  const abort = () => opened.reject(new SpillwayError('closed', 'stopped while connecting'));
  signal.addEventListener('abort', abort);
  // while the files of the link were read: that is told by no event any more
  if (signal.aborted) abort();
  socket.once('error', (cause) => {
    const what = `cannot connect to ${where}`;
    const why = explain?.(cause);
    opened.reject(
      why === undefined
        ? fromSystemError(what, cause, { code: 'unreachable' })
        : new SpillwayError('unreachable', `${what}: ${why}`, { cause }),
    );
  });
  socket.once(ready, () => opened.resolve());
  try {
    await opened.promise;
    socket.removeAllListeners('error');
    return socket;
  } catch (error) {
    socket.on('error', () => undefined);
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
