import test from 'ava';
import { SCORECARD_SCHEMA, type Scorecard } from '../../../../bench/compare/scorecard.ts';
import { summarise } from '../../../../bench/compare/statistics.ts';
import { groupsOf, strokeOf } from '../../../../bench/report/scorecard/classes.ts';
import { compareScorecards } from '../../../../bench/report/scorecard/compare.ts';
import { linesOf } from '../../../../bench/report/scorecard/lines.ts';
import { renderScorecardMarkdown } from '../../../../bench/report/scorecard/markdown.ts';
import { renderScorecard } from '../../../../bench/report/scorecard/page.ts';
import { rankOf } from '../../../../bench/report/scorecard/rank.ts';
import { madeCard } from './made-card.ts';

const HOSTILE = '<script>alert(1)</script>|';

const card: Scorecard = {
  schema: SCORECARD_SCHEMA,
  name: 'compare',
  description: HOSTILE,
  mode: 'full',
  seed: 1,
  startedAt: '2026-01-01T00:00:00.000Z',
  commit: 'abcdef0123456789',
  dirty: false,
  machine: null,
  complete: true,
  columns: [
    {
      id: 'one',
      tool: HOSTILE,
      summary: '',
      version: '1',
      howToGet: '',
      durability: 'fsync',
      acknowledgedAfter: 'sync',
      isLimit: false,
    },
    {
      id: 'two',
      tool: 'two',
      summary: '',
      version: '2',
      howToGet: '',
      durability: 'fsync',
      acknowledgedAfter: 'sync',
      isLimit: false,
    },
  ],
  rows: [
    {
      name: 'sustained',
      title: 'Sustained',
      about: '',
      kind: 'sustained',
      scenario: 'load',
      offered: null,
      faults: [],
    },
    {
      ...{ name: 'backpressure', title: 'Receiver down', about: '', kind: 'fault', scenario: 'down' },
      ...{ offered: null, faults: [{ text: 'stop a', fromMs: 2000, toMs: 4000 }] },
    },
  ],
  cells: [
    cell('sustained', 'one', 'pass', 20e6),
    cell('sustained', 'two', 'pass', 10e6),
    { ...cell('backpressure', 'one', 'fail', 1), why: [HOSTILE] },
    { ...cell('backpressure', 'two', 'pass', 1), figures: {} },
  ],
};

function cell(row: string, column: string, state: 'pass' | 'fail', rate: number): Scorecard['cells'][number] {
  const lost = state === 'fail' ? { lost: summarise([1234]) } : {};
  return {
    ...{ row, column, state, why: [], rate: '1M/min', eventBytes: 100, stealPercent: 3 },
    runs: { passed: state === 'pass' ? 5 : 4, failed: state === 'pass' ? 0 : 1, invalid: 0, planned: 5 },
    figures: { ratePerMinute: summarise([rate, rate, rate, rate, rate]), ...lost },
    evidence: {
      offeredBytesPerSecond: 1.5,
      ...{ seed: 1, startMs: 0, sentMs: 5000, endMs: 6000, notes: [], lost: [] },
      events: [{ timeMs: 2000, text: 'stop a' }],
      configuration: [{ file: 'x.conf', text: HOSTILE }],
      timeMs: [0, 1000, 2000],
      arrivedBytesPerSecond: [1, 2, null],
      backlogBytes: [0, 1, 2],
    },
  };
}

test('nothing that a tool or a file says can run or break the page', (t) => {
  const page = renderScorecard(card);
  t.false(page.includes('<script>alert'));
  t.true(page.includes('&lt;script&gt;alert(1)'));
  t.regex(page, /Content-Security-Policy" content="default-src &#39;none&#39;/);
  t.notRegex(page, /NaN|undefined|Infinity/);
});

test('every link of the table leads to its evidence', (t) => {
  const page = renderScorecard(card);
  const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
  t.is(links.length, 4);
  for (const id of links) t.true(page.includes(`id="${id}"`), id);
});

test('Markdown has the same table: every line as many cells as columns, losses beside the verdict', (t) => {
  const text = renderScorecardMarkdown(card);
  const table = text.split('\n').filter((line) => line.startsWith('|'));
  const cells = (line: string) => line.replaceAll('\\|', '').split('|').length;
  t.deepEqual([...new Set(table.map(cells))], [5]);
  t.regex(text, /fail \(1,234 lost, at 1M\/min, steal 3 %, 1 of 5 runs failed\)/);
  t.regex(text, /0\.5x of the best/);
  t.regex(text, /lost up to 3 % of its time/);
});

test('two scorecards: a difference is judged where repeated runs show it, a broken promise always', (t) => {
  const slower = {
    ...card,
    cells: [
      { ...cell('sustained', 'one', 'pass', 10e6) },
      ...card.cells.slice(1, 3),
      { ...cell('backpressure', 'two', 'fail', 1) },
    ],
  };
  t.is(compareScorecards([card, card]).worse, 0);
  const { text, worse } = compareScorecards([card, slower]);
  t.is(worse, 2);
  t.regex(text, /Sustained, one +20\.0 M\/min +10\.0 M\/min {2}worse/);
  t.regex(text, /Sustained, two .*no difference that could be seen/);
  t.is(compareScorecards([slower, card]).worse, 0);
});

test('a page of twelve columns: classes side by side, the limit unranked, outages shaded, no stroke twice', (t) => {
  const made = madeCard();
  const page = renderScorecard(made);
  t.notRegex(page, /NaN|undefined|Infinity/);
  t.deepEqual(
    groupsOf(made).map((group) => [group.class, group.columns.length]),
    [
      ['sync', 3],
      ['write', 2],
      ['memory', 7],
    ],
  );
  const strokes = made.columns.map(({ id }) => Object.values(strokeOf(made, id)).join(' '));
  t.is(new Set(strokes).size, 12);
  const ranked = linesOf(made).flatMap((line) =>
    made.cells
      .filter((each) => each.column === 'socat-os' && each.row === line.row.name)
      .flatMap((each) => rankOf(made, line, each) ?? []),
  );
  t.deepEqual(ranked, []);
  t.true((page.match(/class="shade"/g) ?? []).length > 10);
  t.regex(page, /At a glance.*agent \(fsync\) .* agent-scribe/s);
});

test('single runs: no rank, and a ratio only where it is large', (t) => {
  const quick = (rate: number): Scorecard => {
    const once = { ratePerMinute: summarise([rate]) };
    const cells = [
      { ...cell('sustained', 'one', 'pass', rate), figures: once },
      { ...cell('sustained', 'two', 'pass', 1), figures: { ratePerMinute: summarise([10e6]) } },
    ];
    return { ...card, mode: 'quick', cells };
  };
  const said = (rate: number) => {
    const made = quick(rate);
    const [line] = linesOf(made);
    const [first] = made.cells;
    return line === undefined || first === undefined ? null : (rankOf(made, line, first)?.text ?? null);
  };
  t.is(said(11e6), null);
  t.is(said(30e6), 'best seen');
  t.is(said(5e6), 'about 0.5x of the best seen');
});

test('on another machine only promises are judged, and what is gone is worse', (t) => {
  const machine = madeCard().machine;
  const other = { ...card, machine, cells: card.cells.slice(1) };
  const { text, worse } = compareScorecards([card, other]);
  t.is(worse, 1);
  t.regex(text, /Sustained, one .*missing/);
  t.regex(text, /Sustained, two .*another machine: not judged/);
  t.regex(text, /warning: card 2 and card 1 differ in machine/);
});
