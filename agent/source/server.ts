// The port of a source that is connected to: opening it, and where it really is.

import type net from 'node:net';
import type { Logger } from 'pino';
import { type Address, formatAddress } from '../config/address.ts';
import { fromSystemError } from '../errors.ts';

/** @throws SpillwayError `address-in-use`, or what else the address has against it. */
export async function listenAt(server: net.Server, address: Address, logger: Logger): Promise<void> {
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen({ ...address, backlog: 511 }, listening.resolve);
  try {
    await listening.promise;
  } catch (cause) {
    throw fromSystemError(`cannot listen on ${formatAddress(address)}`, cause);
  }
  server.removeListener('error', listening.reject);
  // an accept that fails (no descriptors left) costs that connection only
  server.on('error', (err) => logger.warn({ err }, 'cannot take a connection'));
}

/** Where it really listens: the port the system picked, where the configuration says 0. */
export function boundAddress(server: net.Server, configured: Address): Address {
  const bound = server.address();
  return bound !== null && typeof bound === 'object' ? { host: bound.address, port: bound.port } : configured;
}

/** The other end of a connection; to be asked while it is open. */
export function peerOf({ remoteAddress, remotePort }: net.Socket): string {
  if (remoteAddress === undefined || remotePort === undefined) return 'gone already';
  return formatAddress({ host: remoteAddress, port: remotePort });
}
