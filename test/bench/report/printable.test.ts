import test from 'ava';
import { printable, printableLine, shorten, shortNames } from '../../../bench/report/printable.ts';

test('control and direction characters are shown, other text is left alone', (t) => {
  t.is(printable('a\u0000\u001b[31m\u007f\u202e\ufeffz'), 'a\\u0000\\u001b[31m\\u007f\\u202e\\ufeffz');
  t.is(printable('tab\tnewline\n ünï 漢字 🎉'), 'tab\tnewline\n ünï 漢字 🎉');
  t.is(printable('\ud800x\udc00'), '\\ud800x\\udc00');
  t.is(printableLine('a\r\n\tb'), 'a b');
});

test('shortened names keep both ends', (t) => {
  t.is(shorten('instance1', 9), 'instance1');
  t.is(shorten('instance10', 9), 'inst…ce10');
  t.is(shorten('abc', 2), 'a…');
  t.is(shorten('abc', 1), '…');
  t.is([...shorten('🎉'.repeat(20), 7)].length, 7);
});

test('long names of machines stay different from each other', (t) => {
  const names = Array.from({ length: 12 }, (_, n) => `ip-10-0-12-${100 + n}.eu-central-1.compute.internal`);
  for (const length of [9, 11, 13, 20]) {
    const short = [...shortNames(names, length).values()];
    t.is(new Set(short).size, names.length, short.join(' '));
    for (const name of short) t.true([...name].length <= length, name);
  }
  t.deepEqual(
    [...shortNames(['a', 'instance2'], 10)],
    [
      ['a', 'a'],
      ['instance2', 'instance2'],
    ],
  );
});

test('names that differ only in the middle of the domain keep their ends', (t) => {
  const short = shortNames(['collector.eu.example.org', 'collector.us.example.com'], 12);
  t.deepEqual([...short.values()], ['…example.org', '…example.com']);
});
