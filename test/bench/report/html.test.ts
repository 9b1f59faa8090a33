import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { renderReport } from '../../../bench/report/html.ts';
import { printable } from '../../../bench/report/printable.ts';
import type { Result } from '../../../bench/result.ts';
import { longNamesResult, losingResult, outageResult, passingResult } from './fixture.ts';
import { readPage } from './html-tokens.ts';

const RESULTS: Readonly<Record<string, Result>> = {
  passing: passingResult(),
  losing: losingResult(),
  outage: outageResult(),
  'long names': longNamesResult(),
};

for (const [name, result] of Object.entries(RESULTS)) {
  test(`${name}: tags are balanced and nothing is loaded from anywhere`, (t) => {
    const page = readPage(renderReport(result));
    for (const { name: element, attributes } of page.elements) {
      t.false(['link', 'img', 'iframe', 'object', 'embed', 'base', 'form'].includes(element), element);
      for (const attribute of ['src', 'href', 'srcset', 'action', 'style'])
        t.false(attributes.has(attribute), `${element} ${attribute}`);
    }
    const css = page.elements.filter((element) => element.name === 'style').map(({ raw }) => raw);
    t.is(css.length, 1);
    t.notRegex(css.join(''), /@import|url\(/);
  });

  test(`${name}: embedded data parses and has every chart`, (t) => {
    const data = chartData(renderReport(result));
    t.deepEqual(
      data.charts.map(({ id }) => id),
      ['rate', 'latency', 'backlog', 'cpu', 'rss', 'written'],
    );
    t.is(data.eventBytes, result.eventBytes);
  });

  test(`${name}: every failure, note, step, name and configuration text is on the page`, (t) => {
    const { text } = readPage(renderReport(result));
    const expected = [
      ...result.failures,
      ...result.notes,
      ...result.events.map((event) => event.text),
      ...result.destinations.map((destination) => destination.name),
      ...result.processes.map((process) => process.name),
      ...result.conservation.equations.flatMap((equation) => [equation.where, equation.text]),
      ...result.configuration.flatMap((file) => [file.file, file.text]),
      result.machine.cpu,
      result.commit,
      String(result.seed),
    ];
    for (const words of expected) t.true(text.includes(words), words);
  });
}

test('figures stand there as they should', (t) => {
  const { text } = readPage(renderReport(passingResult()));
  t.regex(
    text,
    /10,000,000 events sent in 1 min arrived at all 3 destinations, each once, intact and in order/,
  );
  for (const figure of [
    '9.97 M/min',
    '18.3 MB/s',
    '110 bytes',
    '21 ms',
    '88 ms',
    '141 ms',
    '3.78',
    '0.63 cores',
    '131 MB',
  ])
    t.true(text.includes(figure), figure);
});

test('loss shows its ranges and its evidence', (t) => {
  const { text } = readPage(renderReport(losingResult()));
  t.regex(text, /Lost: 13,512 events in 2 ranges/);
  t.regex(text, /4,000,123\s*4,013,400\s*13,278/);
  t.regex(text, /Torn lines: 3, the first 2/);
  t.regex(text, /events-000012\.log at byte 41,203,988/);
  t.regex(text, /✗ 13\.5 k lost/);
  t.regex(text, /does not hold/);
});

test('ranges that were not listed are counted', (t) => {
  const result = losingResult();
  const destinations = result.destinations.map((destination) => ({
    ...destination,
    lost: { ...destination.lost, events: destination.lost.events === 0 ? 0 : 20_000 },
  }));
  const { text } = readPage(renderReport({ ...result, destinations }));
  t.regex(text, /and 6,488 events more in ranges that are not listed/);
});

test('a durable run stands beside the sync-write probe, another beside socat and is labelled page cache', (t) => {
  const durable = readPage(renderReport(passingResult())).text;
  t.regex(durable, /Probe: write \+ fdatasync\s*241 MB\/s/);
  t.regex(durable, /Delivered to every destination\s*18\.3 MB\/s\s*7\.6 %/);
  t.notRegex(durable, /page cache/i);
  const cached = readPage(renderReport(longNamesResult())).text;
  t.regex(cached, /Probe: socat copy \(page cache\)\s*1\.83 GB\/s/);
  t.regex(cached, /Figure \(page cache\)/);
});

test('an invalid run says that it proves nothing', (t) => {
  const reason = 'the generator fell 812 ms behind its schedule';
  const { text } = readPage(renderReport({ ...passingResult(), verdict: 'invalid', failures: [reason] }));
  t.regex(text, /it says nothing about the tool/);
  t.true(text.includes(reason));
});

test('the command that repeats the run is quoted for a shell', (t) => {
  const { text } = readPage(renderReport({ ...passingResult(), scenario: "my scenario's.yaml" }));
  t.true(
    text.includes(
      `npm run bench -- run 'my scenario'\\''s.yaml' --tool agent --rate 10M/min --duration 60s --durability fsync --seed 7`,
    ),
  );
  t.true(text.includes('git checkout 04984fbc0ffee1234567890abcdef1234567890a'));
});

test('a run without samples, arrivals, destinations or hops still has a page', (t) => {
  const whole = passingResult();
  const empty: Result = {
    ...whole,
    verdict: 'invalid',
    failures: ['nothing started'],
    sent: 0,
    eventBytes: 0,
    latencyMs: null,
    hops: [],
    destinations: [],
    processes: [],
    window: { startMs: 0, sentMs: 0, endMs: 0 },
    series: {
      timeMs: [],
      rateBytes: [],
      backlogBytes: [],
      cpuCores: [],
      rssBytes: [],
      writtenBytesPerSecond: [],
    },
  };
  const { text } = readPage(renderReport(empty));
  t.regex(text, /No samples were taken/);
  t.notRegex(text, /NaN|Infinity|undefined/);
});

const HOSTILE = [
  '</script><script>alert(1)</script>',
  '<!--<script>',
  '<img src=x onerror=alert(1)>',
  '"><svg onload=alert(1)>',
  "' onmouseover='alert(1)",
  ']]>&lt;&amp;&#60;',
  'a\u0000b\u001b[31mc\u202eevil\u2028line\ud800',
  '`x` {{x}} \\u003c/script>',
];

test('hostile text anywhere in a result stays text', (t) => {
  const clean = inventory(renderReport(losingResult()));
  for (const hostile of HOSTILE) {
    const page = renderReport(poisoned(losingResult(), () => hostile));
    t.deepEqual(inventory(page), clean, hostile);
    t.notThrows(() => chartData(page));
    t.is(printable(readPage(page).text), readPage(page).text, 'no control characters');
  }
});

test('random text anywhere in a result stays text', (t) => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(...HOSTILE, '<', '>', '&', '"', "'", '\\'),
  );
  const clean = inventory(renderReport(losingResult()));
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (pieces) => {
      let turn = 0;
      const page = renderReport(poisoned(losingResult(), () => pieces[turn++ % pieces.length] ?? ''));
      t.deepEqual(inventory(page), clean);
    }),
    { numRuns: 40 },
  );
});

test('an object where text belongs cannot pass for markup', (t) => {
  const notes = [{ html: '<b>bold</b>' }];
  const broken: Result = JSON.parse(JSON.stringify({ ...passingResult(), notes }));
  t.deepEqual(inventory(renderReport(broken)), inventory(renderReport(passingResult())));
});

test('only the scripts whose hashes are in the policy can run', (t) => {
  const { elements } = readPage(renderReport(passingResult()));
  const policy = elements
    .find(({ attributes }) => attributes.get('http-equiv') === 'Content-Security-Policy')
    ?.attributes.get('content');
  const scripts = elements.filter(({ name, attributes }) => name === 'script' && !attributes.has('type'));
  t.is(scripts.length, 2);
  for (const { raw } of scripts) {
    const hash = createHash('sha256').update(raw).digest('base64');
    t.true(policy?.includes(`'sha256-${hash}'`));
  }
  t.regex(policy ?? '', /default-src 'none'/);
  t.notRegex(policy ?? '', /script-src[^;]*unsafe/);
});

/** Which elements with which attributes a page has; hostile names may merge what is told apart by name only. */
function inventory(html: string): readonly string[] {
  const kinds = readPage(html).elements.map(
    ({ name, attributes }) => `${name} ${[...attributes.keys()].sort().join(' ')}`,
  );
  return [...new Set(kinds)].sort();
}

/** The same result with other text in it; what the schema fixes stays. */
function poisoned(result: Result, text: () => string): Result {
  const fixed = new Set(['schema', 'verdict', 'durability', 'group', 'state', 'commit']);
  return JSON.parse(JSON.stringify(result), (key, value: unknown) => {
    if (typeof value !== 'string' || fixed.has(key)) return value;
    return text() + (key === '' ? '' : value);
  });
}

interface ChartData {
  readonly eventBytes: number;
  readonly charts: readonly { readonly id: string }[];
}

function chartData(html: string): ChartData {
  const script = readPage(html).elements.find(({ attributes }) => attributes.get('id') === 'report-data');
  return JSON.parse(script?.raw ?? '');
}
