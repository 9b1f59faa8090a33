// What someone whose certificate is not taken can have us do: hear a hello, answer it, and no more.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type net from 'node:net';
import tls from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { turnAway } from '../../../agent/source/turn-away.ts';
import { encodeHeader, encodeMessage, FrameType } from '../../../agent/wire/frame.ts';
import { MESSAGE_BYTES_MAX } from '../../../agent/wire/handshake.ts';
import { Certificates } from '../sink/hop.ts';
import { helloFrom, Peer } from './listen/listening.ts';

const HOUR_MS = 3_600_000;

/** A connection to one who turns it away, however long it has time. */
async function turnedAway(t: ExecutionContext) {
  const { certFile, keyFile } = await (await Certificates.create(t)).issue('receiver');
  const server = tls.createServer({ cert: await readFile(certFile), key: await readFile(keyFile) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const accepted = once(server, 'secureConnection') as Promise<[tls.TLSSocket]>;
  const options = { host: '127.0.0.1', port, rejectUnauthorized: false, allowHalfOpen: true };
  const client = tls.connect(options);
  t.teardown(() => client.destroy());
  const [socket] = await accepted;
  t.teardown(() => socket.destroy());
  const closed = once(socket, 'close');
  turnAway(socket, 'missing', HOUR_MS);
  return { peer: new Peer(client), socket, closed };
}

test('decrypting-for-strangers: who is turned away and goes on sending is cut at the length of a hello', async (t) => {
  const { peer, socket, closed } = await turnedAway(t);
  const hello = encodeMessage(FrameType.hello, helloFrom());
  peer.write(Buffer.concat([hello, Buffer.alloc(32 * 1024 * 1024)]));
  await closed;
  t.true(socket.bytesRead < 1024 * 1024, `${socket.bytesRead} bytes were read`);
});

test('one that claims a long hello and says far more behind it is cut, too', async (t) => {
  const { peer, socket, closed } = await turnedAway(t);
  const header = encodeHeader({ type: FrameType.hello, bodyBytes: MESSAGE_BYTES_MAX });
  peer.write(Buffer.concat([header, Buffer.alloc(32 * 1024 * 1024)]));
  await closed;
  t.true(socket.bytesRead < 1024 * 1024, `${socket.bytesRead} bytes were read`);
});

test('kept-by-strangers: who is turned away and stays does not keep its place until handshakeTimeoutMs', async (t) => {
  const { peer, closed } = await turnedAway(t);
  peer.write(encodeMessage(FrameType.hello, helloFrom()));
  t.is((await peer.refusal()).code, 'missing');
  await closed;
});

test('the longest hello there may be is answered', async (t) => {
  const { peer, closed } = await turnedAway(t);
  const header = encodeHeader({ type: FrameType.hello, bodyBytes: MESSAGE_BYTES_MAX });
  peer.write(Buffer.concat([header, Buffer.alloc(MESSAGE_BYTES_MAX)]));
  t.is((await peer.refusal()).code, 'missing');
  await closed;
});
