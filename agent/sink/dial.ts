// Opens a TCP connection within a time limit, or until someone wants to stop.

import net from 'node:net';
import { type Address, formatAddress } from '../config/address.ts';
import { fromSystemError, SpillwayError } from '../errors.ts';

/** @throws SpillwayError `unreachable`, `timeout`, `closed`. */
export async function dial(address: Address, timeoutMs: number, signal: AbortSignal): Promise<net.Socket> {
  const where = formatAddress(address);
  const socket = net.connect({ ...address, noDelay: true });
  const opened = Promise.withResolvers<void>();
  const timer = setTimeout(
    () =>
      opened.reject(new SpillwayError('timeout', `cannot connect to ${where}: no answer in ${timeoutMs} ms`)),
    timeoutMs,
  );
  const abort = () => opened.reject(new SpillwayError('closed', 'stopped while connecting'));
  signal.addEventListener('abort', abort);
  socket.once('error', (cause) =>
    opened.reject(fromSystemError(`cannot connect to ${where}`, cause, { code: 'unreachable' })),
  );
  socket.once('connect', () => opened.resolve());
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
