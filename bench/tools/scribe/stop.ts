// stop.ts HOST PORT: asks a Scribe server to end, as scribe_ctrl does, and waits until it has: it writes what is in its
// queues to its stores first. Exit status 1: it could not be asked.

import { connect } from 'node:net';
import { plainCall } from './thrift.ts';

const [host, port] = process.argv.slice(2);
if (host === undefined || port === undefined) {
  console.error('usage: stop.ts HOST PORT');
  process.exit(2);
}
const socket = connect({ host, port: Number(port) });
socket.on('connect', () => socket.write(plainCall('shutdown')));
socket.on('error', (error) => {
  console.error(`cannot stop scribed: ${error.message}`);
  process.exitCode = 1;
});
// There is no answer to read, only the end of the connection.
socket.resume();
