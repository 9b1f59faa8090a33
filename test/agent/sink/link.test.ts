// An attempt to connect: IPv6, names that are looked up again by every attempt, and why one fails.

import dns from 'node:dns';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import pino from 'pino';
import { Credentials } from '../../../agent/sink/credentials.ts';
import { Link } from '../../../agent/sink/link.ts';

const link = new Link(
  { connectTimeoutMs: 5_000, compression: 'none', compressionLevel: 1 },
  new Credentials({}, pino({ level: 'silent' })),
);
const never = new AbortController().signal;

async function listenOn(
  t: ExecutionContext,
  host: string,
  port = 0,
): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.on('error', () => undefined).resume());
  server.listen({ host, port });
  await once(server, 'listening');
  t.teardown(() => server.close());
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no address');
  return { server, port: bound.port };
}

async function peerOf(host: string, port: number): Promise<string | undefined> {
  const { socket } = await link.dial({ host, port }, null, never);
  const peer = socket.remoteAddress;
  socket.destroy();
  return peer;
}

const hasIPv6 = await new Promise<boolean>((settle) => {
  const server = createServer();
  server.once('error', () => settle(false));
  server.listen({ host: '::1', port: 0 }, () => server.close(() => settle(true)));
});
const withIPv6 = hasIPv6 ? test : test.skip; // a machine without it has no ::1
withIPv6('an IPv6 address', async (t) => {
  const { port } = await listenOn(t, '::1');
  t.is(await peerOf('::1', port), '::1');
});

test.serial('a name is looked up by every attempt: a member may move', async (t) => {
  const lookup = dns.lookup;
  t.teardown(() => Object.assign(dns, { lookup }));
  const first = await listenOn(t, '127.0.0.41');
  await listenOn(t, '127.0.0.42', first.port);
  let place = '127.0.0.41';
  const asked: string[] = [];
  const stand = (name: string, _: unknown, answer: (error: null, found: unknown) => void) => {
    asked.push(name);
    answer(null, [{ address: place, family: 4 }]);
  };
  Object.assign(dns, { lookup: stand });
  t.is(await peerOf('sink.internal', first.port), '127.0.0.41');
  place = '127.0.0.42';
  t.is(await peerOf('sink.internal', first.port), '127.0.0.42');
  t.deepEqual(asked, ['sink.internal', 'sink.internal']);
});

test('where nothing listens, and when nobody waits any more', async (t) => {
  const { server, port } = await listenOn(t, '127.0.0.43');
  server.close();
  await once(server, 'close');
  await t.throwsAsync(link.dial({ host: '127.0.0.43', port }, null, never), {
    code: 'unreachable',
    message: /^cannot connect to 127\.0\.0\.43:\d+: nothing listens there/,
  });
  const there = await listenOn(t, '127.0.0.43');
  const stop = new AbortController();
  const dialled = link.dial({ host: '127.0.0.43', port: there.port }, null, stop.signal);
  stop.abort();
  await t.throwsAsync(dialled, { code: 'closed', message: 'stopped while connecting' });
});

test('nothing is connected to for one who stopped while its files were read', async (t) => {
  const { port } = await listenOn(t, '127.0.0.44');
  const dialled = link.dial({ host: '127.0.0.44', port }, null, AbortSignal.abort());
  await t.throwsAsync(dialled, { code: 'closed', message: 'stopped while connecting' });
});
