// relay.ts HOST PORT TO-HOST TO-PORT: what connects to the one is connected to the other. scribed listens on all
// addresses of a machine, where several nodes of a chain share one port.

import { connect, createServer, type Socket } from 'node:net';

const [host, port, toHost, toPort] = process.argv.slice(2);
if (host === undefined || port === undefined || toHost === undefined || toPort === undefined) {
  console.error('usage: relay.ts HOST PORT TO-HOST TO-PORT');
  process.exit(2);
}
const target = { host: toHost, port: Number(toPort) };

const server = createServer((client) => {
  const inner = connect(target);
  join(client, inner);
  join(inner, client);
});
server.listen({ host, port: Number(port) });
process.once('SIGTERM', () => process.exit(0));

/** The end of one is the end of the other, a broken one breaks it. */
function join(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroySoon());
}
