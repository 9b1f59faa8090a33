// A flood of strangers beside a sender that works: it goes on, and they cost what is bounded.

import net from 'node:net';
import test from 'ava';
import { until } from '../source/until.ts';
import { Certificates, hop } from './hop.ts';

test('a flood of silence, garbage, half handshakes and HTTP beside a sender: it keeps acknowledging', async (t) => {
  const certificates = await Certificates.create(t);
  const receiver = await certificates.issue('receiver', ['127.0.0.1']);
  const tls = { ...receiver, reloadMs: 10_000, handshakesPerSecondMax: 50 };
  const { listening, destination, send } = await hop(
    t,
    { tls, handshakesMax: 32, connectionsMax: 4, handshakeTimeoutMs: 5_000 },
    { tls: await certificates.issue('sender') },
  );
  await send('before\n');
  await listening.delivers('before\n');
  const hello = Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]);
  const says = [Buffer.alloc(0), Buffer.from('GET / HTTP/1.1\r\n\r\n'), hello, Buffer.alloc(100_000, 0x16)];
  const sockets: net.Socket[] = [];
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  let expected = 'before\n';
  for (let round = 0; round < 10; round++) {
    for (let index = 0; index < 60; index++) {
      const socket = net.connect(listening.source.address);
      socket.on('error', () => undefined);
      socket.resume();
      socket.write(says[index % says.length] ?? hello);
      sockets.push(socket);
    }
    const event = `round ${round}\n`;
    expected += event;
    await send(event);
    await until(`round ${round} is acknowledged`, () => destination.snapshot().buffered.bytes === 0);
  }
  await listening.delivers(expected);
  t.is(destination.snapshot().retransmits, 0, 'it was never disconnected');
  for (const socket of sockets) socket.destroy();
  await until(
    'every connection of the flood is counted',
    () => {
      const { accepted = 0, ...ended } = listening.source.snapshot().connections ?? {};
      return accepted === 601 && Object.values(ended).reduce((sum, count) => sum + count, 0) === 600;
    },
    {
      show: () => JSON.stringify(listening.source.snapshot().connections),
    },
  );
  const { tls: failed = 0, 'too-many-handshakes': turnedAway = 0 } =
    listening.source.snapshot().connections ?? {};
  t.true(turnedAway > 0);
  t.is(failed + turnedAway, 600);
  t.true(listening.lines.filter(({ level }) => level >= 40).length <= 3);
});
