// What a Scribe source makes of calls, spoken by Apache Thrift's own library and by hand: events, answers, counts.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { scribeClient } from '../../wire/scribe/library.ts';
import { openLog } from '../event-log.ts';
import { until } from '../until.ts';
import { Serving } from './serving.ts';

const OK = 0;
const TRY_LATER = 1;

/** The text of the exception: the library's are no errors. */
function refusal(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'it was answered',
    (exception: { readonly message: string }) => exception.message,
  );
}

for (const strict of [true, false]) {
  const kind = strict ? 'strict' : 'non-strict';
  test(`Apache Thrift's client, ${kind}: what is answered OK is in the log, byte for byte`, async (t) => {
    const serving = await Serving.open(t, {}, { log: { durability: 'fsync' } });
    const client = await scribeClient(t, serving.source.address, { strict });
    const bytes = Buffer.from([0xff, 0xfe, 0, 9, 0x80, 10]);
    t.is(await client.log([{ category: 'cpu', message: 'one\n' }]), OK);
    t.is(await serving.text(), 'one\n');
    t.is(
      await client.log([
        { category: 'disk', message: bytes },
        { category: 'cpu', message: 'µ' },
      ]),
      OK,
    );
    t.is(await client.log([]), OK, 'an empty call is a ping');
    t.deepEqual((await serving.text()).split('\n').sort(), ['', 'one', '\xc2\xb5', '\xff\xfe\0\t\x80']);
    t.is(serving.of('scribe/cpu').appended.events, 2);
    t.is(serving.of('scribe').appended.events, 1);
    serving.conserves();
  });

  test(`Apache Thrift's client, ${kind}: the calls of scribe_ctrl`, async (t) => {
    const serving = await Serving.open(t);
    const client = await scribeClient(t, serving.source.address, { strict });
    await client.log([{ category: 'cpu', message: 'one' }]);
    t.is(await client.call('getName'), 'receiver');
    t.is(await client.call('getVersion'), '0.1');
    t.is(await client.call('getStatus'), 2);
    t.is(await client.call('getStatusDetails'), '');
    const since = await client.call('aliveSince');
    t.true(Number(since) > 1.6e9 && Number(since) <= Date.now() / 1000);
    const counters = await client.call('getCounters');
    t.is(counters instanceof Map ? counters.get('scribe/cpu:received good') : null, 1);
    t.is(await client.counter('scribe_overall:received good'), 1);
    t.is(await client.counter('nothing of that name'), 0);
    client.oneway('reinitialize');
    client.oneway('shutdown');
    t.is(await client.log([{ category: 'cpu', message: 'two' }]), OK, 'nobody is stopped from outside');
    t.is(serving.reloads, 1);
    t.is(serving.of('scribe').calls?.['shutdown'], 1);
    t.regex(await refusal(client.call('nonsense')), /there is no method 'nonsense'/);
    t.is(await client.log([{ category: 'cpu', message: 'three' }]), OK, 'the connection goes on');
  });
}

test('newlines are added, messages of several lines are several events, empty ones none, over-long ones are set aside', async (t) => {
  const serving = await Serving.open(t);
  const client = await serving.connect();
  const long = 'x'.repeat(2_000);
  t.is(await client.log(['a', 'b\n', '', 'c\nd', '\n', `e\n${long}\nf\n`, long, '\r\n']), OK);
  t.is(await serving.text(), 'a\nb\nc\nd\n\ne\nf\n\r\n');
  const { read, appended, suppressed, quarantined } = serving.of('scribe');
  t.deepEqual([read.events, appended.events, suppressed.events, quarantined.events], [11, 8, 1, 2]);
  t.is(quarantined.bytes, 4_001);
  const kept = await readdir(join(serving.logDir, 'quarantine'));
  t.deepEqual(kept, ['scribe.too-long']);
  t.is((await readFile(join(serving.logDir, 'quarantine/scribe.too-long'))).length, 4_001);
  serving.conserves();
});

test('a call of many batches keeps its order, and an event of exactly the limit is taken', async (t) => {
  const serving = await Serving.open(t);
  const client = await serving.connect();
  const lines = Array.from({ length: 60 }, (_, index) => `${index}`.padEnd(1_023, '.'));
  t.is(await client.log(lines), OK);
  t.is(await serving.text(), lines.map((line) => `${line}\n`).join(''));
  serving.conserves();
});

test('categories that are not taken are answered OK, and counted', async (t) => {
  const serving = await Serving.open(t, { others: 'refuse' });
  const client = await serving.connect();
  t.is(await client.log(['one', 'two'], 'disk'), OK);
  t.is(await client.log(['three'], 'cpu'), OK);
  t.is(await serving.text(), 'three\n');
  t.is(serving.of('scribe').refused.events, 2);
  serving.conserves();
});

test('counts go on over a restart', async (t) => {
  const serving = await Serving.open(t);
  const client = await serving.connect();
  await client.log(['one', '', 'two'], 'cpu');
  await serving.source.close();
  await serving.log.close();
  const log = await openLog(serving.logDir);
  t.teardown(() => log.close());
  t.like(log.counts('scribe/cpu'), {
    appended: { events: 2, bytes: 8 },
    suppressed: { events: 1, bytes: 0 },
  });
});

test('a full log answers TRY_LATER and takes nothing of the call, then OK when there is room again', async (t) => {
  const MiB = 2 ** 20;
  const logOptions = { segmentBytes: MiB / 4, capBytes: 2 * MiB, keepBytes: MiB, journalBytesMax: MiB / 8 };
  const serving = await Serving.open(t, {}, { log: logOptions });
  const letGo = serving.log.holders.add({ wants: () => true });
  const client = await serving.connect();
  const call = Array.from({ length: 50 }, (_, index) => `${index}`.padEnd(999, '.'));
  let taken = 0;
  while ((await client.log(call)) === OK) taken++;
  t.true(taken > 10);
  t.is(serving.log.facts().state, 'full', 'health says so, though nothing waits');
  t.is(await client.log(call), TRY_LATER);
  t.is((await serving.text()).length, taken * 50_000, 'all or nothing');
  t.true((serving.of('scribe').calls?.['try-later-full'] ?? 0) >= 2);
  letGo();
  await until('it is taken', async () => (await client.log(call)) === OK);
  t.is(serving.log.facts().state, 'ok');
  t.is(serving.log.facts().appended.events, (taken + 1) * 50);
  serving.conserves();
});

test('a window that is full answers TRY_LATER, and holds no more than it may', async (t) => {
  const serving = await Serving.open(t, { windowBytes: 65_536, waitMs: 20, frameTimeoutMs: 10_000 });
  const hog = await serving.connect();
  const big = hog.frame(Array.from({ length: 60 }, () => 'y'.repeat(1_000)));
  // all of a call but its end
  hog.socket.write(big.subarray(0, -100));
  const client = await serving.connect();
  await until(
    'the hog holds the window',
    async () =>
      (await client.log([
        'z'.repeat(900),
        'z'.repeat(900),
        'z'.repeat(900),
        'z'.repeat(900),
        'z'.repeat(900),
        'z'.repeat(900),
      ])) === TRY_LATER,
  );
  hog.socket.write(big.subarray(-100));
  await until('the hog is answered', () => hog.answers[0] === OK);
  t.is(await client.log(['two']), OK, 'the same connection goes on');
  t.true((serving.of('scribe').calls?.['try-later-window'] ?? 0) >= 1);
  serving.conserves();
});

test('waits-per-piece: a large call that finds no room is told so after one wait, not after one for each piece of it', async (t) => {
  const sizes = { frameBytesMax: 2 ** 21, windowBytes: 2 ** 21, waitMs: 400, frameTimeoutMs: 30_000 };
  const serving = await Serving.open(t, { ...sizes, eventBytesMax: 2 ** 14 });
  const hog = await serving.connect();
  const big = hog.frame(Array.from({ length: 208 }, () => 'y'.repeat(10_000)));
  hog.socket.write(big.subarray(0, -100));
  const small = await serving.connect();
  const kiB100 = Array.from({ length: 10 }, () => 'z'.repeat(10_000));
  await until('the hog holds the window', async () => (await small.log(kiB100)) === TRY_LATER);
  const client = await serving.connect();
  const began = performance.now();
  t.is(await client.log(Array.from({ length: 190 }, () => 'w'.repeat(10_000))), TRY_LATER);
  const waits = (performance.now() - began) / sizes.waitMs;
  t.true(waits < 6, `as long as ${waits} waits`);
});

test('calls that are sent at once are answered in their order', async (t) => {
  const serving = await Serving.open(t);
  const client = await serving.connect();
  const frames = Array.from({ length: 200 }, (_, index) => client.frame([`event ${index}`]));
  client.socket.end(Buffer.concat(frames));
  await until('all are answered, though the client has closed its end', () => client.answers.length === 200);
  t.true(client.answers.every((answer) => answer === OK));
  t.is(await serving.text(), Array.from({ length: 200 }, (_, index) => `event ${index}\n`).join(''));
  await serving.counts('disconnected');
});

test('a stop answers what was taken', async (t) => {
  const serving = await Serving.open(t);
  const client = await serving.connect();
  client.socket.write(client.frame(['one']));
  await until('it is taken', () => serving.of('scribe').read.events === 1);
  await serving.source.close();
  await until('it is answered', () => client.answers.length === 1);
  t.is(client.answers[0], OK);
  t.is(await serving.text(), 'one\n');
});
