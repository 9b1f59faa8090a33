// What a run came to, for a terminal: the verdict first and last, the figures between, at most about 30 lines.

import type { Result } from '../result.ts';
import {
  formatBytes,
  formatBytesPerSecond,
  formatCores,
  formatCount,
  formatMs,
  formatOr,
  formatPercent,
  formatPerMinute,
  formatPerSecond,
  plural,
} from './format.ts';
import type { Paint, Style } from './terminal.ts';
import { columns, cutTo, flow, lengthOf, paintIf, wrap } from './terminal.ts';
import type { Damage } from './totals.ts';
import { DAMAGE, damageOf, damageSum, isSound, totalsOf, verdictSentence } from './totals.ts';

export interface SummaryOptions {
  readonly color: boolean;
  readonly width: number;
}

const VERDICT_STYLE: Readonly<Record<Result['verdict'], Style>> = {
  pass: 'green',
  fail: 'red',
  invalid: 'yellow',
};
const FAILURE_LINES_MAX = 9;
const NOTE_LINES_MAX = 3;
const DESTINATIONS_MAX = 6;
const WIDTH_MIN = 40;
/** Room for the names of the figures. */
const LABEL = 14;

export function renderSummary(result: Result, options: SummaryOptions): string {
  const width = Math.max(WIDTH_MIN, options.width);
  const paint = paintIf(options.color);
  const blocks = [
    [...heading(result, paint, width), ...failures(result, paint, width)],
    figures(result, paint, width),
    destinations(result, paint, width),
    [...notes(result, paint, width), last(result, paint, width)],
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

/** PASS, FAIL or INVALID, painted. */
function word(result: Result, paint: Paint): string {
  return paint(['bold', VERDICT_STYLE[result.verdict]], result.verdict.toUpperCase());
}

function heading(result: Result, paint: Paint, width: number): readonly string[] {
  const { scenario, tool, toolVersion, rate, durability, seed } = result;
  const about = `${scenario}: ${tool} ${toolVersion}, ${rate}, ${durability === 'os' ? 'os (page cache)' : durability}, seed ${seed}`;
  const room = width - result.verdict.length - 2;
  return [
    `${word(result, paint)}  ${paint(['bold'], cutTo(about, room))}`,
    ...wrap(verdictSentence(result), width, ''),
  ];
}

function failures(result: Result, paint: Paint, width: number): readonly string[] {
  const lines: string[] = [];
  for (const [index, failure] of result.failures.entries()) {
    const wrapped = wrap(`✗ ${failure}`, width - 2, '  ');
    if (index > 0 && lines.length + wrapped.length > FAILURE_LINES_MAX) {
      lines.push(`… and ${plural(result.failures.length - index, 'more failure')}, in report.html`);
      break;
    }
    lines.push(...wrapped);
  }
  return lines.map((line) => `  ${paint([VERDICT_STYLE[result.verdict]], line)}`);
}

function figures(result: Result, paint: Paint, width: number): readonly string[] {
  const { latencyMs, offeredPerMinute: offered } = result;
  const rate = [
    formatPerMinute(result.ratePerMinute),
    formatPerSecond(result.ratePerMinute / 60),
    formatBytesPerSecond(result.mbPerSecond * 1e6),
    `${formatCount(result.eventBytes)} bytes/event`,
    ...(offered === null ? [] : [`(offered ${formatPerMinute(offered)})`]),
  ];
  const latency =
    latencyMs === null
      ? ['not measured']
      : [
          `p50 ${formatMs(latencyMs.p50)}`,
          `p99 ${formatMs(latencyMs.p99)}`,
          `p99.9 ${formatMs(latencyMs.p999)}`,
          `max ${formatMs(latencyMs.max)}`,
          ...(latencyMs.clockBoundMs === undefined ? [] : [`(clocks ±${formatMs(latencyMs.clockBoundMs)})`]),
        ];
  const cost = [
    `${formatCores(result.cpuSecondsPerMillion)} CPU s/million events`,
    `${formatCores(result.cpuCores)} cores`,
    `RSS max ${formatBytes(result.rssBytesMax)}`,
    `(rig ${formatCores(result.rigCpuCores)} cores)`,
  ];
  const rows: readonly (readonly [label: string, parts: readonly string[]])[] = [
    ['rate', rate],
    ['latency', latency],
    ['cost', cost],
    ['conservation', [conservation(result)]],
    ['probe', [probe(result)]],
  ];
  return rows.flatMap(([label, parts]) =>
    flow(parts, width - LABEL - 2).map(
      (line, index) => `  ${paint(['dim'], (index === 0 ? label : '').padEnd(LABEL))}${line}`,
    ),
  );
}

function conservation({ conservation: { state, equations } }: Result): string {
  const hold = equations.filter(({ holds }) => holds).length;
  return equations.length === 0
    ? state
    : `${state} (${hold} of ${plural(equations.length, 'equation')} hold)`;
}

function probe(result: Result): string {
  const durable = result.durability === 'fsync';
  const found = durable ? result.probes.syncWrite : result.probes.socatCopy;
  const name = durable ? 'write+fdatasync' : 'socat copy (page cache)';
  if (found === null || found.mbPerSecond <= 0) return `${name}: not measured`;
  const share = formatPercent((result.mbPerSecond / found.mbPerSecond) * 100);
  return `${share} of ${name} at ${formatBytesPerSecond(found.mbPerSecond * 1e6)}`;
}

function destinations(result: Result, paint: Paint, width: number): readonly string[] {
  if (result.destinations.length === 0) return [];
  const rank = (each: Result['destinations'][number]) => (isSound(result, each) ? 0 : 1);
  const worstFirst = result.destinations.toSorted(
    (a, b) => rank(b) - rank(a) || damageSum(damageOf(b)) - damageSum(damageOf(a)),
  );
  const few = result.destinations.length <= DESTINATIONS_MAX;
  const shown = few ? result.destinations : worstFirst.slice(0, DESTINATIONS_MAX);
  const [head = '', ...lines] = destinationTable(result, shown, width - 4);
  const painted = lines.map((line, index) => {
    const destination = shown[index];
    const bad = destination !== undefined && !isSound(result, destination);
    return `  ${paint([bad ? 'red' : 'green'], bad ? '✗' : '✓')} ${cutTo(line, width - 4)}`;
  });
  const rest = result.destinations.length - shown.length;
  return [
    `    ${paint(['dim'], cutTo(head, width - 4))}`,
    ...painted,
    ...(rest > 0 ? [`    … and ${plural(rest, 'more destination')}, in report.html`] : []),
  ];
}

/** On a narrow terminal the kinds of damage that nobody has are left out; the last line has them all. */
function destinationTable(result: Result, shown: Result['destinations'], width: number): readonly string[] {
  const totals = totalsOf(result);
  const table = (kinds: readonly Damage[]): readonly string[] => {
    const rows = shown.map((destination) => {
      const damage = damageOf(destination);
      return [
        cutTo(destination.name, Math.max(8, Math.floor(width / 4))),
        formatCount(destination.delivered),
        ...kinds.map((kind) => formatCount(damage[kind])),
        formatOr(destination.latencyMs?.p99, formatMs) + bound(destination),
      ];
    });
    return columns([['destination', 'delivered', ...kinds, 'p99'], ...rows], 'right');
  };
  const whole = table(DAMAGE);
  return whole.some((line) => lengthOf(line) > width)
    ? table(DAMAGE.filter((kind) => totals[kind] > 0))
    : whole;
}

/** Sent and observed by different machines: right to within this. */
function bound({ latencyMs }: Result['destinations'][number]): string {
  const ms = latencyMs?.clockBoundMs;
  return ms === undefined ? '' : ` ±${formatMs(ms)}`;
}

function notes(result: Result, paint: Paint, width: number): readonly string[] {
  const lines = result.notes.flatMap((note) => wrap(`note: ${note}`, width - 2, '      '));
  const shown =
    lines.length > NOTE_LINES_MAX
      ? [...lines.slice(0, NOTE_LINES_MAX - 1), `… and more notes, in report.html`]
      : lines;
  return shown.map((line) => `  ${paint(['dim'], line)}`);
}

/** Where the eye and `tail -1` look. */
function last(result: Result, paint: Paint, width: number): string {
  const totals = totalsOf(result);
  const room = width - result.verdict.length - 2;
  const text = (kinds: readonly Damage[]): string =>
    `${formatPerMinute(result.ratePerMinute)}: ${kinds.map((kind) => `${formatCount(totals[kind])} ${kind}`).join(', ')}`;
  const whole = text(DAMAGE);
  const damaged = DAMAGE.filter((kind) => totals[kind] > 0);
  const fitting = lengthOf(whole) <= room || damaged.length === 0 ? whole : text(damaged);
  return `${word(result, paint)}  ${cutTo(fitting, room)}`;
}
