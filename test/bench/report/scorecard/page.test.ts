import test from 'ava';
import { SCORECARD_SCHEMA, type Scorecard } from '../../../../bench/compare/scorecard.ts';
import { summarise } from '../../../../bench/compare/statistics.ts';
import { compareScorecards } from '../../../../bench/report/scorecard/compare.ts';
import { renderScorecardMarkdown } from '../../../../bench/report/scorecard/markdown.ts';
import { renderScorecard } from '../../../../bench/report/scorecard/page.ts';

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
    },
    {
      id: 'two',
      tool: 'two',
      summary: '',
      version: '2',
      howToGet: '',
      durability: 'fsync',
      acknowledgedAfter: 'sync',
    },
  ],
  rows: [
    { name: 'sustained', title: 'Sustained', about: '', kind: 'sustained', scenario: 'load' },
    { name: 'backpressure', title: 'Receiver down', about: '', kind: 'fault', scenario: 'down' },
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
    figures: { ratePerMinute: summarise([rate, rate, rate, rate, rate]), ...lost },
    evidence: {
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
  t.regex(text, /fail \(1,234 lost, at 1M\/min\)/);
  t.regex(text, /0\.5x of the best/);
  t.regex(text, /lost up to 3\.0 % of its time/);
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
