// stop.ts HOST PORT: asks a Scribe server to end, as scribe_ctrl does, and waits until it has: it writes what is in its
// queues to its stores first. Exit status 1: it could not be asked, or does not end (its last thread but one may wait for
// the last one for ever, with everything written).

import { connect } from 'node:net';
import { plainCall } from './thrift.ts';

/** A store that waits for a receiver gives up after five seconds. */
const END_MS = 12_000;

const [host, port] = process.argv.slice(2);
if (host === undefined || port === undefined) {
  console.error('usage: stop.ts HOST PORT');
  process.exit(2);
}
const socket = connect({ host, port: Number(port) });
socket.on('connect', () => socket.write(plainCall('shutdown')));
socket.on('error', (error) => fail(error.message));
const late = setTimeout(() => fail(`it did not end within ${END_MS} ms`), END_MS);
socket.on('close', () => clearTimeout(late));
// There is no answer to read, only the end of the connection.
socket.resume();

function fail(why: string): void {
  console.error(`cannot stop scribed: ${why}`);
  process.exitCode = 1;
  socket.destroy();
}
