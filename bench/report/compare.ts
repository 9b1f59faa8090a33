// Runs side by side: every figure of the others against the first, and whether the difference means anything.
//
// One run is one sample. A difference smaller than what runs of the same thing differ by is not called a difference.

import type { Result } from '../result.ts';
import { BenchError } from '../run-error.ts';
import {
  formatBytes,
  formatBytesPerSecond,
  formatCores,
  formatCount,
  formatDuration,
  formatMs,
  formatPercent,
  formatPerMinute,
  plural,
} from './format.ts';
import { printableLine } from './printable.ts';
import { columns } from './terminal.ts';
import { DAMAGE, spans, totalsOf } from './totals.ts';

/** Runs of the same thing on the same machine differ by this much. */
const NOISE = { steady: 0.05, jumpy: 0.1, exact: 0 } as const;
const LATENCY_FLOOR_MS = 2;

interface Figure {
  readonly name: string;
  readonly value: (result: Result) => number | null;
  readonly format: (value: number) => string;
  readonly better: 'higher' | 'lower' | 'neither';
  readonly noise: number;
  /** Differences up to this are invisible whatever their share. */
  readonly floor: number;
}

export function renderComparison(results: readonly Result[]): string {
  const [first, ...others] = results;
  if (first === undefined) return 'nothing to compare: no results were given\n';
  const rows = [
    ...headings(results),
    ...figuresOf(results).map((figure) => [
      figure.name,
      cell(figure, first),
      ...others.map((other) => `${cell(figure, other)}  ${judge(figure, first, other)}`.trimEnd()),
    ]),
  ];
  const warnings = others.flatMap((other, index) =>
    differences(first, other).map((text) => `warning: run ${index + 2} and run 1 ${text}`),
  );
  const lines = [...columns(rows, 'left', '   '), '', ...warnings, others.length > 0 ? EXPLANATION : ''];
  return `${lines.join('\n').trimEnd()}\n`;
}

/**
 * What of later runs is worse than of the first, or cannot be shown not to be: `run 2: rate`, `run 2: verdict`. A figure
 * that the first has and a later one has not is one of them, and so is an invalid run.
 */
export function worseFigures(results: readonly Result[]): readonly string[] {
  const [first, ...others] = results;
  if (first === undefined) return [];
  const figures = figuresOf(results);
  return others.flatMap((other, index) => [
    ...(isWorse(first.verdict, other.verdict) ? [`run ${index + 2}: verdict`] : []),
    ...figures
      .filter((figure) => /(worse|missing)$/.test(judge(figure, first, other)))
      .map(({ name }) => `run ${index + 2}: ${name}`),
  ]);
}

/** @throws BenchError of code `usage` for runs of different scenarios: there is nothing that both did */
export function refuseStrangers(results: readonly Result[]): void {
  const scenarios = [...new Set(results.map(({ scenario }) => scenario))];
  if (scenarios.length < 2) return;
  const each = results.map(({ scenario }, index) => `run ${index + 1} is of ${scenario}`).join(', ');
  throw new BenchError('usage', `${each}: only runs of one scenario can be compared`);
}

const VERDICTS = ['pass', 'fail', 'invalid'] as const;

function isWorse(before: Result['verdict'], after: Result['verdict']): boolean {
  return after === 'invalid' || VERDICTS.indexOf(after) > VERDICTS.indexOf(before);
}

const EXPLANATION = `compared with run 1, one run each; "no visible difference": within ${formatPercent(NOISE.steady * 100)} (latency and memory: ${formatPercent(NOISE.jumpy * 100)})`;

function headings(results: readonly Result[]): readonly (readonly string[])[] {
  const row = (name: string, text: (result: Result) => string): readonly string[] => [
    name,
    ...results.map((result) => printableLine(text(result))),
  ];
  return [
    ['', ...results.map((_, index) => `run ${index + 1}`)],
    row('scenario', ({ scenario }) => scenario),
    row('tool', ({ tool, toolVersion }) => `${tool} ${toolVersion}`),
    row('commit', ({ commit, dirty }) => `${commit.slice(0, 10)}${dirty ? ' + changes' : ''}`),
    row('load', ({ rate, durability }) => `${rate}, ${durability}`),
    row('verdict', ({ verdict }) => verdict),
  ];
}

function figuresOf(results: readonly Result[]): readonly Figure[] {
  const resolution = Math.max(
    LATENCY_FLOOR_MS,
    ...results.flatMap(({ destinations }) =>
      destinations.map(({ latencyMs }) => latencyMs?.resolutionMs ?? 0),
    ),
  );
  const latency = (name: string, key: 'p50' | 'p99' | 'p999' | 'max'): Figure => ({
    name,
    value: ({ latencyMs }) => latencyMs?.[key] ?? null,
    format: formatMs,
    better: 'lower',
    noise: NOISE.jumpy,
    floor: resolution,
  });
  const lower = { better: 'lower', noise: NOISE.steady, floor: 0 } as const;
  const higher = { better: 'higher', noise: NOISE.steady, floor: 0 } as const;
  return [
    { name: 'rate', value: (result) => result.ratePerMinute, format: formatPerMinute, ...higher },
    { name: 'bytes', value: (result) => result.mbPerSecond * 1e6, format: formatBytesPerSecond, ...higher },
    {
      name: 'bytes/event',
      value: (result) => result.eventBytes,
      format: formatCount,
      ...higher,
      better: 'neither',
    },
    latency('latency p50', 'p50'),
    latency('latency p99', 'p99'),
    latency('latency p99.9', 'p999'),
    latency('latency max', 'max'),
    {
      name: 'drained in',
      value: (result) => spans(result).drainMs,
      format: formatDuration,
      ...lower,
      noise: NOISE.jumpy,
      floor: 250,
    },
    { name: 'CPU s/million', value: (result) => result.cpuSecondsPerMillion, format: formatCores, ...lower },
    { name: 'cores', value: (result) => result.cpuCores, format: formatCores, ...lower },
    {
      name: 'RSS max',
      value: (result) => result.rssBytesMax,
      format: formatBytes,
      ...lower,
      noise: NOISE.jumpy,
    },
    ...DAMAGE.map(
      (kind): Figure => ({
        name: kind,
        value: (result) => totalsOf(result)[kind],
        format: formatCount,
        ...lower,
        noise: NOISE.exact,
      }),
    ),
  ];
}

function cell(figure: Figure, result: Result): string {
  const value = figure.value(result);
  return value === null ? '–' : figure.format(value);
}

function judge(figure: Figure, first: Result, other: Result): string {
  const before = figure.value(first);
  const after = figure.value(other);
  if (figure.better === 'neither' || before === null) return '';
  if (after === null) return 'missing';
  if (figure.noise !== NOISE.exact && machineOf(first) !== machineOf(other))
    return 'another machine: not judged';
  const change = after - before;
  const small = Math.abs(change) <= Math.max(figure.floor, figure.noise * Math.abs(before));
  if (change === 0 && figure.noise === NOISE.exact) return 'same';
  if (small) return 'no visible difference';
  const word = change > 0 === (figure.better === 'higher') ? 'better' : 'worse';
  if (before === 0 || figure.noise === NOISE.exact) return word;
  const share = change / before;
  const size =
    Math.abs(share) >= 1
      ? `${Number((after / before).toPrecision(3))}x`
      : `${share > 0 ? '+' : '-'}${formatPercent(Math.abs(share) * 100)}`;
  return `${size} ${word}`;
}

/** Speeds and costs of different ones say nothing of what ran on them. */
function machineOf({ machine }: Result): string {
  return `${machine.cpu}, ${plural(machine.cores, 'core')}, ${machine.filesystem}`;
}

/** What makes a comparison unfair, each a predicate of both runs. */
function differences(first: Result, other: Result): readonly string[] {
  const texts: string[] = [];
  const compare = (name: string, value: (result: Result) => string): void => {
    if (value(first) !== value(other))
      texts.push(printableLine(`differ in ${name}: ${value(other)} and ${value(first)}`));
  };
  compare('scenario', ({ scenario }) => scenario);
  compare('durability', ({ durability }) => durability);
  compare('load', ({ rate }) => rate);
  compare('event format', ({ format }) => format);
  compare('bytes an event', ({ eventBytes }) => formatCount(eventBytes));
  compare('machine', machineOf);
  compare('tool', ({ tool, toolVersion }) => `${tool} ${toolVersion}`);
  if (first.verdict === 'invalid' || other.verdict === 'invalid')
    texts.push('cannot be compared: an invalid run says nothing');
  return texts;
}
