import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { FaultProxy } from '../../../bench/faults/proxy/proxy.ts';
import { Throttle } from '../../../bench/faults/proxy/throttle.ts';

const HOST = '127.0.0.1';
/** Long enough for a byte over loopback that nothing holds; only ever waited for where none may come. */
const QUIET_MS = 150;

interface Bed {
  readonly proxy: FaultProxy;
  readonly client: Socket;
  readonly server: Socket;
  connectClient(): Promise<Socket>;
}

async function bed(t: ExecutionContext): Promise<Bed> {
  const sockets: Socket[] = [];
  const listener = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket.on('error', () => undefined));
  }).listen(0, HOST);
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const proxy = await FaultProxy.listen({ host: HOST, port: 0 }, { host: HOST, port: address.port });
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    listener.close();
    await proxy.close();
  });
  const connectClient = async () => {
    const socket = connect({ ...proxy.address, allowHalfOpen: true });
    sockets.push(socket.on('error', () => undefined));
    await once(socket, 'connect');
    return socket;
  };
  const accepted = once(listener, 'connection') as Promise<[Socket]>;
  const client = await connectClient();
  const [server] = await accepted;
  await until(() => proxy.state.open === 1);
  return { proxy, client, server, connectClient };
}

function textOf(socket: Socket): () => string {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return () => text;
}

/** `once` of node:events would take the error for its own. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((settle) => {
    socket.once('close', () => settle());
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5);
}

test('without a fault bytes and ends go both ways and are counted', async (t) => {
  const { proxy, client, server } = await bed(t);
  const [atServer, atClient] = [textOf(server), textOf(client)];
  client.write('events');
  server.write('acks');
  await until(() => atServer() === 'events' && atClient() === 'acks');
  const ended = once(server, 'end');
  client.end();
  await ended;
  t.like(proxy.state, { forwardBytes: 6, backBytes: 4, affected: 0, connections: 1 });
});

test('cut: nothing passes, nobody is told, not even of an end; healed, all of it arrives in order', async (t) => {
  const { proxy, client, server } = await bed(t);
  const [atServer, atClient] = [textOf(server), textOf(client)];
  proxy.fault = { kind: 'cut' };
  client.write('one');
  server.write('two');
  client.end();
  let ended = false;
  server.once('end', () => {
    ended = true;
  });
  await delay(QUIET_MS);
  t.deepEqual(
    [atServer(), atClient(), ended, client.destroyed, server.destroyed],
    ['', '', false, false, false],
  );
  t.is(proxy.state.affected, 1);
  proxy.fault = { kind: 'none' };
  await until(() => atServer() === 'one' && atClient() === 'two' && ended);
  t.pass();
});

test('cut: who connects meanwhile is not answered, and reaches the receiver only after it is healed', async (t) => {
  const { proxy, connectClient } = await bed(t);
  proxy.fault = { kind: 'cut' };
  const late = await connectClient();
  late.write('hello');
  await until(() => proxy.state.affected === 2);
  t.is(proxy.state.forwardBytes, 0);
  proxy.fault = { kind: 'none' };
  await until(() => proxy.state.forwardBytes === 5);
  t.is(proxy.state.open, 2);
});

test('half-open: one way passes, the other does not', async (t) => {
  const { proxy, client, server } = await bed(t);
  const [atServer, atClient] = [textOf(server), textOf(client)];
  proxy.fault = { kind: 'half-open', direction: 'back' };
  server.write('acks');
  client.write('events');
  await until(() => atServer() === 'events');
  await delay(QUIET_MS);
  t.is(atClient(), '');
  proxy.fault = { kind: 'none' };
  await until(() => atClient() === 'acks');
});

test('slow: the rate is kept', async (t) => {
  const { proxy, client, server } = await bed(t);
  const bytes = 200_000;
  let got = 0;
  server.on('data', (chunk: Buffer) => {
    got += chunk.length;
  });
  proxy.fault = { kind: 'slow', bytesPerSecond: 400_000 };
  const beganMs = performance.now();
  client.write(Buffer.alloc(bytes));
  await until(() => got === bytes);
  const tookMs = performance.now() - beganMs;
  // The last piece read (64 KiB at most) need not have waited for itself.
  t.true(tookMs >= ((bytes - 65_536) / 400_000) * 1000 - 20, `${tookMs} ms`);
  t.true(proxy.state.delays > 0);
});

test('reset: both ends see it, and the next connection is whole', async (t) => {
  const { proxy, client, server, connectClient } = await bed(t);
  const closed = Promise.all([closeOf(client), closeOf(server)]);
  t.is(proxy.reset(), 1);
  await closed;
  await connectClient();
  await until(() => proxy.state.open === 1);
  t.is(proxy.state.connections, 2);
});

test('a receiver that is not there: its sender is reset', async (t) => {
  const proxy = await FaultProxy.listen({ host: HOST, port: 0 }, { host: HOST, port: 1 });
  t.teardown(() => proxy.close());
  const socket = connect(proxy.address);
  await t.throwsAsync(once(socket, 'end'), { code: 'ECONNRESET' });
});

test('the throttle makes whoever is ahead of the rate wait', (t) => {
  let now = 0;
  const throttle = new Throttle(() => now);
  throttle.bytesPerSecond = 1000;
  t.is(throttle.take(500), 500);
  now = 400;
  t.is(throttle.take(100), 200);
  now = 5000;
  t.is(throttle.take(100), 100, 'what was not used is not saved up');
});
