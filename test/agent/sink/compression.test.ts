// zstd on a link, from a real sender to a real receiver.

import test from 'ava';
import { BATCH_ZSTD } from '../../../agent/wire/frame.ts';
import { helloFrom, Listening } from '../source/listen/listening.ts';
import { until } from '../source/until.ts';
import { Certificates, hop } from './hop.ts';

const EVENTS = Array.from({ length: 2_000 }, (_, index) => `cpu,host=a value=${index} 1234567890\n`).join('');

test('everything arrives as it was, and the snapshot shows the saving', async (t) => {
  const { listening, destination, send } = await hop(t, {}, { compression: 'zstd', compressionLevel: 3 });
  for (let index = 0; index < 20; index++) await send(EVENTS.slice(0, 60_000).replace(/[^\n]*$/, ''));
  const plain = EVENTS.slice(0, 60_000)
    .replace(/[^\n]*$/, '')
    .repeat(20);
  await listening.delivers(plain);
  await until('all is acknowledged', () => destination.snapshot().buffered.bytes === 0);
  const { packing } = destination.snapshot();
  t.is(packing?.plainBytes, plain.length);
  t.true((packing?.sentBytes ?? plain.length) < plain.length / 4);
  t.is(destination.snapshot().acknowledged.bytes, plain.length, 'counters are of plain bytes');
  listening.conserves();
});

test('beside TLS, too', async (t) => {
  const certificates = await Certificates.create(t);
  const receiver = await certificates.issue('receiver', ['127.0.0.1']);
  const tls = { ...receiver, reloadMs: 10_000, handshakesPerSecondMax: 100 };
  const { listening, send } = await hop(
    t,
    { tls },
    { tls: await certificates.issue('sender'), compression: 'zstd' },
  );
  await send(EVENTS.slice(0, 10_000).replace(/[^\n]*$/, ''));
  await listening.delivers(EVENTS.slice(0, 10_000).replace(/[^\n]*$/, ''));
});

test('a compressed batch of a sender that did not ask is refused', async (t) => {
  const listening = await Listening.open(t);
  const peer = await listening.connect();
  const welcome = await peer.greet(helloFrom());
  t.is(welcome.compression, undefined);
  peer.batch(0, 'one\n', { flags: BATCH_ZSTD, plainBytes: 4 });
  t.is((await peer.refusal()).code, 'compression');
  await listening.counts('compression');
});
