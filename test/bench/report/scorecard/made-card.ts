// A scorecard as a full comparison of twelve columns leaves it, made up: for tests of the page, and to look at it.

import {
  type CellEvidence,
  type CellState,
  SCORECARD_SCHEMA,
  type Scorecard,
  type ScorecardCell,
  type ScorecardColumn,
  type ScorecardRow,
} from '../../../../bench/compare/scorecard.ts';
import { summarise, widened } from '../../../../bench/compare/statistics.ts';
import { seededRandom } from '../../../../bench/generator/random.ts';
import type { DurabilityClass } from '../../../../bench/tools/tool.ts';

const EVENT_BYTES = 115;
const random = seededRandom(11);

interface Made {
  readonly tool: string;
  readonly durability: 'fsync' | 'os';
  readonly class: DurabilityClass;
  readonly version: string | null;
  /** Millions a minute. */
  readonly sustained: number;
  readonly flood: number;
  readonly cpu: number;
  readonly p50: number;
  /** Rows that fail, with what they lose. */
  readonly loses: Readonly<Record<string, number>>;
  readonly lacks?: readonly string[];
}

const MADE: readonly Made[] = [
  made('agent', 'fsync', 'sync', '0.1.0', [61, 141, 0.61, 24]),
  made('agent', 'os', 'write', '0.1.0', [97, 227, 0.42, 12]),
  made('agent-scribe', 'fsync', 'sync', '0.1.0', [34, 52, 1.1, 41]),
  made(
    'rsyslog',
    'fsync',
    'memory',
    '8.2302.0',
    [2.1, 3.4, 9.8, 210],
    { 'crash-receiver': 18_334, cut: 1204 },
    ['cluster'],
  ),
  made('rsyslog:tuned', 'fsync', 'memory', '8.2302.0', [4.2, 6.1, 6.2, 140], { 'crash-receiver': 9021 }, [
    'cluster',
  ]),
  made('rsyslog:relp', 'fsync', 'write', '8.2302.0', [3.1, 4.4, 8.4, 160], {}, ['cluster']),
  made('syslog-ng:tuned', 'os', 'memory', '3.38.1', [5.0, 8.2, 5.1, 95], { 'crash-sender': 402 }),
  made('flume:tuned', 'fsync', 'sync', '1.11.0', [2.8, 3.9, 14.2, 480], {}),
  made('otelcol:tuned', 'fsync', 'memory', '0.145.0', [3.0, 4.1, 11.7, 260], { 'crash-receiver': 120_233 }, [
    'cluster',
  ]),
  made('fluent-bit:tuned', 'os', 'memory', '4.0.3', [18, 31, 1.5, 1020], { cut: 55_120 }),
  made('vector:tuned', 'os', 'memory', null, [0, 0, 0, 0]),
  made('socat', 'os', 'memory', '1.7.4.4', [190, 420, 0.2, 6], {}, [
    'backpressure',
    'crash-receiver',
    'cut',
    'cluster',
  ]),
];

function made(
  tool: string,
  durability: 'fsync' | 'os',
  each: DurabilityClass,
  version: string | null,
  [sustained = 0, flood = 0, cpu = 0, p50 = 0]: readonly number[],
  loses: Readonly<Record<string, number>> = {},
  lacks: readonly string[] = [],
): Made {
  return { tool, durability, class: each, version, sustained, flood, cpu, p50, loses, lacks };
}

const ROWS: readonly ScorecardRow[] = [
  row(
    'fidelity',
    'Awkward lines',
    'leading digits, tabs, CRLF, empty, invalid UTF-8, long ones, JSON',
    'fidelity',
  ),
  row('flood', 'Flood', 'a backlog that lies ready, timed until its last event has arrived', 'flood'),
  row(
    'sustained',
    'Sustained maximum',
    'the highest rate at which no backlog grows and nothing is lost',
    'sustained',
  ),
  {
    ...row('common', 'At a common rate', 'a rate that every tool here sustains', 'common'),
    offered: '1.7M/min',
  },
  { ...row('held', '10M events a minute', 'held without loss', 'held'), offered: '10M/min' },
  {
    ...row('backpressure', 'Receiver down', "what comes meanwhile waits in the sender's own buffer", 'fault'),
    faults: [{ text: 'stop a', fromMs: 8000, toMs: 28_000 }],
  },
  row('crash-sender', 'kill -9 of the sender', 'three times under load', 'fault'),
  row('crash-receiver', 'kill -9 of the receiver', 'three times under load', 'fault'),
  row('cut', 'Link cut', 'without a reset, for 15 s', 'fault'),
  row(
    'cluster',
    'Cluster, one killed',
    'three receivers for one copy; one of them dies and returns',
    'fault',
  ),
  row('disk-full', 'Disk full', 'of the sender, for 15 s with a backlog in its buffer', 'fault'),
];

function row(name: string, title: string, about: string, kind: ScorecardRow['kind']): ScorecardRow {
  return { name, title, about, kind, scenario: `compare/${name}.yaml`, offered: null, faults: [] };
}

export function madeCard(): Scorecard {
  return {
    schema: SCORECARD_SCHEMA,
    ...{ name: 'compare', description: 'the same hop, load, faults and judge for every tool' },
    ...{
      mode: 'full',
      seed: 1,
      startedAt: '2026-01-01T00:00:00.000Z',
      commit: 'abcdef0123456789',
      dirty: false,
    },
    machine: {
      ...{ cpu: 'Intel(R) Xeon(R) Processor @ 2.90GHz', cores: 2, memoryBytes: 8 * 2 ** 30, kernel: '6.1.0' },
      ...{ node: 'v24.0.0', filesystem: 'ext4', stealPercent: 0.4 },
    },
    complete: true,
    columns: MADE.map(columnOf),
    rows: ROWS,
    cells: ROWS.flatMap((each) => MADE.map((column) => cellOf(each, column))),
  };
}

function columnOf({ tool, durability, version, class: acknowledgedAfter }: Made): ScorecardColumn {
  const howToGet = version === null ? `see docs/tools/${tool}.md` : '';
  const place = { id: idOf(tool, durability), tool, summary: '', version, howToGet, durability };
  return { ...place, acknowledgedAfter, isLimit: tool === 'socat' };
}

function idOf(tool: string, durability: string): string {
  return `${tool.replaceAll(':', '-')}-${durability}`;
}

function cellOf(each: ScorecardRow, column: Made): ScorecardCell {
  const base: ScorecardCell = {
    ...{ row: each.name, column: idOf(column.tool, column.durability), state: 'pass', why: [], figures: {} },
    runs: {
      passed: each.kind === 'fault' ? 3 : 5,
      failed: 0,
      invalid: 0,
      planned: each.kind === 'fault' ? 3 : 5,
    },
    ...{ rate: null, eventBytes: EVENT_BYTES, stealPercent: 0.4, evidence: null },
  };
  if (column.lacks?.includes(each.name) === true)
    return { ...base, state: 'n/a', why: ['it does not claim: buffersOnDisk'] };
  if (column.version === null)
    return { ...base, state: 'not run', why: ['not here: see docs/tools/vector.md'] };
  if (each.kind === 'fidelity') {
    const keeps = column.tool.startsWith('agent') || column.tool === 'socat';
    const why = ['empty line: dropped 1 of 1 lines', 'invalid UTF-8: altered came as "a\\ufffdb"'];
    return { ...base, state: keeps ? 'pass' : 'fail', why: keeps ? [] : why };
  }
  if (each.name === 'disk-full')
    return { ...base, state: 'not run', why: ['no filesystem may be mounted here (it needs root)'] };
  return measuredCell(base, each, column);
}

function measuredCell(base: ScorecardCell, each: ScorecardRow, column: Made): ScorecardCell {
  const { kind, name } = each;
  const lost = column.loses[name] ?? 0;
  const held = kind !== 'held' || column.sustained >= 10;
  const state: CellState = lost > 0 || !held ? 'fail' : 'pass';
  const perMinute = kind === 'flood' ? column.flood : kind === 'fault' ? faultRate(column) : column.sustained;
  const spread = column.tool === 'flume:tuned' ? 0.5 : 0.06;
  const runs = kind === 'fault' ? 3 : 5;
  const some = (value: number) =>
    summarise(Array.from({ length: runs }, () => value * (1 + spread * (random() - 0.5))));
  const rate = some(1e6 * (kind === 'held' ? Math.min(10, column.sustained) : perMinute));
  const failed = state === 'pass' ? 0 : kind === 'fault' ? 1 : 5;
  return {
    ...base,
    state,
    why: [
      ...(lost > 0 ? [`a: ${lost} lost, expected at most 0`, `${failed} of ${runs} runs failed`] : []),
      ...(held ? [] : ['10M/min is not held: the backlog at a grows by 48.2 % of the rate']),
    ],
    runs: { passed: runs - failed, failed, invalid: 0, planned: runs },
    figures: {
      ratePerMinute: kind === 'sustained' ? widened(rate, 0.1) : rate,
      cpuSecondsPerMillion: some(column.cpu),
      writtenBytesPerEvent: some(EVENT_BYTES * (column.class === 'memory' ? 1.2 : 2.3)),
      memoryBytesMax: some(column.tool.startsWith('flume') ? 1.4e9 : 120e6 + column.p50 * 1e5),
      latencyP50Ms: some(column.p50),
      latencyP99Ms: some(column.p50 * 2.6),
      latencyP999Ms: some(column.p50 * 4.4),
      latencyMaxMs: some(column.p50 * 6),
      sent: summarise([perMinute * 0.75e6]),
      lost: summarise([lost, 0, 0]),
    },
    rate: kind === 'fault' ? `${faultRate(column)}M/min` : each.offered,
    stealPercent: column.tool === 'otelcol:tuned' && kind === 'common' ? 6.3 : 0.4,
    evidence: evidenceOf(column, lost),
  };
}

function faultRate({ sustained }: Made): number {
  return Math.min(10, Number((sustained / 2).toPrecision(2)));
}

/** 45 s of load, of which the receiver is away from 8 to 28. */
function evidenceOf(column: Made, lost: number): CellEvidence {
  const load = (faultRate(column) / 60) * 1e6 * EVENT_BYTES;
  const startMs = 1_800_000_000_000;
  const timeMs = Array.from({ length: 160 }, (_, index) => startMs + index * 330);
  const second = (at: number): number => (at - startMs) / 1000;
  const isAway = (at: number): boolean => second(at) > 8 && second(at) < 28;
  const catchingUp = (at: number): boolean => second(at) >= 28 && second(at) < 28 + 20 / (speed - 1);
  const speed = Math.min(3.6, 1.4 + column.sustained / 30);
  let backlog = 0;
  const backlogBytes: number[] = [];
  const arrivedBytesPerSecond = timeMs.map((at) => {
    const sending = second(at) < 45 ? load : 0;
    const arriving = isAway(at) ? 0 : catchingUp(at) ? load * speed : sending * (0.95 + random() * 0.1);
    backlog = Math.max(0, backlog + (sending - arriving) * 0.33);
    backlogBytes.push(backlog);
    return arriving;
  });
  return {
    ...{ seed: 1, startMs, sentMs: startMs + 45_000, endMs: startMs + 46_000, offeredBytesPerSecond: load },
    events: [
      { timeMs: startMs + 8004, text: 'stop a at 8 s for 20 s' },
      { timeMs: startMs + 28_011, text: 'start a' },
    ],
    configuration: [{ file: 'instance1/conf/tool.conf', text: 'queue.size = 1GiB\nretry = forever\n' }],
    ...{ timeMs, arrivedBytesPerSecond, backlogBytes },
    lost: lost === 0 ? [] : [{ destination: 'a', ranges: ['runner 1, epoch 1: 120000 to 121203'] }],
    notes: ["the folder of instance1's buffer grew by up to 212 MiB"],
  };
}
