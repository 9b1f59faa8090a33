// A TLS listener and clients of every kind but a sender, as someone with openssl at hand would try them.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import tls from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import type { ListenOptions } from '../../../../agent/source/listen.ts';
import { encodeMessage, FrameType } from '../../../../agent/wire/frame.ts';
import { createAuthority, issue } from '../../../../scripts/certs/authority.ts';
import { Certificates } from '../../sink/hop.ts';
import { until } from '../until.ts';
import { helloFrom, Listening, Peer } from './listening.ts';

const RELOAD = { reloadMs: 100, handshakesPerSecondMax: 1_000 };

async function listener(t: ExecutionContext, more: Partial<ListenOptions> = {}) {
  const certificates = await Certificates.create(t);
  const receiver = await certificates.issue('receiver', ['127.0.0.1', '127.0.0.2']);
  const options = { tls: { ...receiver, ...RELOAD }, handshakeTimeoutMs: 10_000, ...more };
  return { certificates, listening: await Listening.open(t, options) };
}

interface Shown {
  readonly cert: string;
  readonly key: string;
}

async function shown(certificates: Certificates, name: string): Promise<Shown> {
  const { certFile, keyFile } = await certificates.issue(name);
  return { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
}

function connectTls(t: ExecutionContext, to: net.NetConnectOpts, options: tls.ConnectionOptions = {}) {
  const socket = tls.connect({ ...to, rejectUnauthorized: false, ...options } as tls.ConnectionOptions);
  t.teardown(() => socket.destroy());
  return socket;
}

test('same-ends: a connection is not taken for another one from the same address and port', async (t) => {
  const { certificates, listening } = await listener(t, { address: { host: '0.0.0.0', port: 0 } });
  const { port } = listening.source.address;
  // one address and port of a client, connected to two addresses of the listener
  const first = net.connect({ host: '127.0.0.1', port, localAddress: '127.0.0.3' });
  await once(first, 'connect');
  const { localPort } = first;
  if (localPort === undefined) throw new Error('no local port');
  const second = net.connect({ host: '127.0.0.2', port, localAddress: '127.0.0.3', localPort });
  await once(second, 'connect');
  await until('both are taken', () => listening.outcome('accepted') === 2);
  first.destroy();
  await listening.counts('tls');
  const socket = connectTls(t, {} as net.NetConnectOpts, {
    socket: second,
    ...(await shown(certificates, 'sender')),
  });
  const peer = new Peer(socket);
  await once(socket, 'secureConnect');
  const welcome = await peer.greet(helloFrom());
  t.is(welcome.instance, 'receiver');
});

test('resumed-session: a ticket, of whomever it is, opens nothing', async (t) => {
  const { certificates, listening } = await listener(t);
  const { address } = listening.source;
  const good = await shown(certificates, 'sender');
  const tickets: Buffer[] = [];
  for (const who of [{}, good]) {
    const before = tickets.length;
    const socket = connectTls(t, address, who);
    socket.on('session', (ticket) => tickets.push(ticket));
    const peer = new Peer(socket);
    await once(socket, 'secureConnect');
    peer.write(encodeMessage(FrameType.hello, helloFrom()));
    // tickets come before anything else that the listener says
    await peer.frame(who === good ? FrameType.welcome : FrameType.refuse);
    t.true(tickets.length > before, 'there is a ticket to try');
    peer.socket.destroy();
  }
  await listening.counts('tls');
  for (const session of tickets) {
    const before = listening.outcome('tls');
    const again = connectTls(t, address, { session });
    const peer = new Peer(again);
    await once(again, 'secureConnect');
    t.false(again.isSessionReused());
    peer.write(encodeMessage(FrameType.hello, helloFrom()));
    t.deepEqual(await peer.refusal(), { code: 'missing', message: 'it asks for a certificate: set tls' });
    await peer.closed;
    await listening.counts('tls', before + 1);
  }
});

test('silent-refusal: who is turned away for its certificate is told why, and only if it speaks as a sender', async (t) => {
  const { certificates, listening } = await listener(t);
  const other = await createAuthority('test', 100);
  const foreign = await issue(other, { name: 'sender', addresses: [] }, 60);
  const expired = await issue(certificates.authority, { name: 'sender', addresses: [] }, -1);
  const cases = [
    ['unknown-authority', foreign],
    ['expired', expired],
  ] as const;
  for (const [code, { certificate: cert, key }] of cases) {
    const socket = connectTls(t, listening.source.address, { cert, key });
    const peer = new Peer(socket);
    await once(socket, 'secureConnect');
    peer.write(encodeMessage(FrameType.hello, helloFrom()));
    t.is((await peer.refusal()).code, code);
    await peer.closed;
  }
  const curious = connectTls(t, listening.source.address, { cert: foreign.certificate, key: foreign.key });
  const heard: Buffer[] = [];
  curious.on('data', (chunk: Buffer) => heard.push(chunk)).on('error', () => undefined);
  await once(curious, 'secureConnect');
  curious.write('GET / HTTP/1.1\r\n\r\n');
  await once(curious, 'close');
  t.deepEqual(heard, []);
  await listening.counts('tls', 3);
  const said = listening.lines.filter(({ msg }) => msg === 'connection closed');
  t.is(said.length, 2, 'one line for each kind');
  for (const { peer } of said) t.regex(String(peer), /^127\.0\.0\.1:\d+$/);
  await listening.source.close();
  const counted = listening.lines.filter(({ times }) => typeof times === 'number');
  t.is(
    counted.reduce((sum, { times }) => sum + Number(times), 0),
    3,
  );
});

test('older TLS and no TLS at all are refused with an address in the log', async (t) => {
  const { certificates, listening } = await listener(t);
  const old = connectTls(t, listening.source.address, {
    ...(await shown(certificates, 'sender')),
    maxVersion: 'TLSv1.2',
  });
  const [error] = (await once(old, 'error')) as [Error & { code?: string }];
  t.regex(String(error.code), /ALERT_PROTOCOL_VERSION/);
  await listening.counts('tls');
  const [line] = listening.lines.filter(({ reason }) => reason === 'tls');
  t.regex(String(line?.['peer']), /^127\.0\.0\.1:\d+$/);
  t.regex(String(line?.['detail']), /offers no TLS 1\.3, and nothing older is taken/);
});
