import { stripVTControlCharacters } from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import { renderSummary } from '../../../bench/report/summary.ts';
import type { Result } from '../../../bench/result.ts';
import { longNamesResult, losingResult, outageResult, passingResult } from './fixture.ts';

const plain = (result: Result, width = 100): string => renderSummary(result, { color: false, width });
const lines = (text: string): readonly string[] => text.trimEnd().split('\n');

test('the verdict is the first and the last word', (t) => {
  for (const result of [
    passingResult(),
    losingResult(),
    { ...passingResult(), verdict: 'invalid' as const },
  ]) {
    const all = lines(plain(result));
    const word = result.verdict.toUpperCase();
    t.true(all[0]?.startsWith(`${word}  throughput`), all[0]);
    t.true(all.at(-1)?.startsWith(`${word}  `), all.at(-1));
  }
});

test('figures', (t) => {
  const text = plain(passingResult());
  t.regex(
    text,
    /rate +9\.97 M\/min {3}166 k\/s {3}18\.3 MB\/s {3}110 bytes\/event {3}\(offered 10\.0 M\/min\)/,
  );
  t.regex(text, /latency +p50 21 ms {3}p99 88 ms {3}p99\.9 141 ms {3}max 183 ms/);
  t.regex(text, /cost +3\.78 CPU s\/million events {3}0\.63 cores {3}RSS max 131 MB/);
  t.regex(text, /conservation +closed \(8 of 8 equations hold\)/);
  t.regex(text, /probe +7\.6 % of write\+fdatasync at 241 MB\/s/);
  t.regex(text, /PASS {2}9\.97 M\/min: 0 lost, 0 duplicated, 0 reordered, 0 torn, 0 foreign\n$/);
});

test('every failure is there in full', (t) => {
  for (const width of [40, 60, 80, 200]) {
    const words = plain(losingResult(), width).replace(/\s+/g, ' ');
    for (const failure of losingResult().failures) t.true(words.includes(failure), `${width}: ${failure}`);
  }
});

test('destinations are aligned and marked', (t) => {
  const all = lines(plain(losingResult()));
  const head = all.findIndex((line) => line.includes('destination  '));
  const [title = '', a = '', b = ''] = all.slice(head);
  t.regex(a, /^ {2}✗ a +9,986,488 +13,512 +1,600 +100 +3 +1 +80 ms$/);
  t.regex(b, /^ {2}✓ b +10,000,000 +0 +0 +0 +0 +0 +84 ms$/);
  t.is(title.length, a.length);
  t.is(title.indexOf('lost') + 'lost'.length, a.indexOf('13,512') + '13,512'.length);
});

test('allowed-disorder: a destination is crossed only where an assertion about it does not hold', (t) => {
  const base = passingResult();
  const disorder = { events: 6_666_667, ranges: [] };
  const [first, ...others] = base.destinations;
  if (first === undefined) return t.fail();
  const destinations = [{ ...first, reordered: disorder }, ...others];
  const allowed = plain({ ...base, destinations, failedAt: [] });
  t.regex(allowed, /✓ a .* 6,666,667 /);
  t.notRegex(allowed, /✗/);
  t.regex(plain({ ...base, destinations }), /✓ a .* 6,666,667 /, 'of an earlier version, that passed');
  const failed = { ...base, destinations, verdict: 'fail', failures: ['b: late'], failedAt: ['b'] } as const;
  t.regex(plain(failed), /✓ a .* 6,666,667 /);
  t.regex(plain(failed), /✗ b /);
});

test('no line is wider than the terminal, colours only change colours', (t) => {
  for (const result of [passingResult(), losingResult(), outageResult(), longNamesResult()]) {
    for (const width of [40, 60, 80, 120]) {
      const text = plain(result, width);
      for (const line of lines(text)) t.true([...line].length <= width, `${width}: ${line}`);
      const painted = renderSummary(result, { color: true, width });
      t.not(painted, text);
      t.is(stripVTControlCharacters(painted), text);
    }
  }
});

test('many failures, notes and destinations stay within 32 lines and are counted', (t) => {
  const base = losingResult();
  const [damaged, sound] = base.destinations;
  if (damaged === undefined || sound === undefined) return t.fail();
  const many = Array.from({ length: 40 }, (_, n) => n);
  const result: Result = {
    ...base,
    failures: many.map((n) => `failure ${n}`),
    notes: many.map((n) => `note ${n}`),
    destinations: [...many.map((n) => ({ ...sound, name: `d${n}` })), damaged],
  };
  const text = plain(result);
  t.true(lines(text).length <= 32, text);
  t.regex(text, /… and 31 more failures, in report\.html/);
  t.regex(text, /… and 35 more destinations, in report\.html/);
  t.regex(text, /✗ a +9,986,488/, 'the damaged one is among those shown');
});

test('hostile text cannot steer the terminal', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (words) => {
      const hostile = `\u001b[2J${words}\r\n\u0007`;
      const base = passingResult();
      const text = plain({
        ...base,
        scenario: hostile,
        toolVersion: hostile,
        failures: [hostile],
        notes: [hostile],
      });
      const controls = [...text].filter((character) => /\p{Cc}/u.test(character) && character !== '\n');
      t.deepEqual(controls, []);
    }),
    { numRuns: 60 },
  );
});

test('figures that were not measured are said to be missing', (t) => {
  const text = plain({
    ...passingResult(),
    latencyMs: null,
    probes: { syncWrite: null, socatCopy: null },
    conservation: { state: 'unknown', equations: [] },
  });
  t.regex(text, /latency +not measured/);
  t.regex(text, /write\+fdatasync: not measured/);
  t.regex(text, /conservation +unknown/);
});
