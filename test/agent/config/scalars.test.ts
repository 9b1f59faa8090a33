// Addresses, sizes and durations, as users write them.

import test from 'ava';
import { load, MINIMAL, problemsOf, refuses } from './written.ts';

test('addresses: ports, brackets, names', async (t) => {
  const listen = (address: string) => `sources: [{ type: listen, name: a, address: '${address}' }]\n`;
  for (const address of ['127.0.0.1:0', 'localhost:65535', '[fe80::1]:1', 'a-b.example.org:4100']) {
    await t.notThrowsAsync(load(t, MINIMAL + listen(address)), address);
  }
  const wrong = [
    '127.0.0.1',
    '127.0.0.1:',
    ':4100',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '1.2.3:4100',
    '999.0.0.1:4100',
    '[::1]',
    '[1.2.3.4]:4100',
    'a b:4100',
    '-a:4100',
    'http://a:4100',
    '127.0.0.1:4100/',
  ];
  for (const address of wrong) {
    const problems = await problemsOf(t, MINIMAL + listen(address));
    t.is(problems.length, 1, address);
    t.true(
      problems[0]?.includes(`sources[0].address: found ${JSON.stringify(address)}, expected`),
      problems[0],
    );
  }
  const [brackets] = await problemsOf(t, MINIMAL + listen('::1'));
  t.regex(brackets ?? '', /in brackets, such as \[::1\]:4100/);
  await refuses(t, "destinations: [{ name: a, address: '127.0.0.1:0' }]\n", [
    '3:36: destinations[0].address: found "127.0.0.1:0", expected host:port with a port of 1 to 65535',
  ]);
});

test('sizes and durations: units, bounds, and what is neither', async (t) => {
  const sizeOf = async (text: string) =>
    (await load(t, `id: a\nlog: { dir: events, reserveBytes: ${text} }\n`)).log.reserveBytes;
  t.is(await sizeOf('0'), 0);
  t.is(await sizeOf('12345'), 12_345);
  t.is(await sizeOf('1.5KiB'), 1_536);
  t.is(await sizeOf('2 GB'), 2e9);
  for (const text of [
    '-1',
    '1.5',
    '64mib',
    '1e999',
    '0.3B',
    '"12"',
    'true',
    '[1]',
    '.inf',
    '9007199254740993',
  ]) {
    const problems = await problemsOf(t, `id: a\nlog: { dir: events, reserveBytes: ${text} }\n`);
    t.regex(problems.join(), /^2:35: log\.reserveBytes: found .*, expected a size in bytes/, text);
  }
  await refuses(t, 'stop: { drainMs: 2h }\n', [
    '3:18: stop.drainMs: found "2h", expected a duration in milliseconds, such as 500, 500ms, 30s or 24h, at most 3600000',
  ]);
});
