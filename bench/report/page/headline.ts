// The figures one would quote: rate, latency, cost, memory, and what was damaged.

import type { Result } from '../../result.ts';
import {
  formatBytes,
  formatBytesPerSecond,
  formatCores,
  formatCount,
  formatMs,
  formatPercent,
  formatPerMinute,
  formatPerSecond,
  plural,
} from '../format.ts';
import { DAMAGE, DAMAGE_MEANING, totalsOf } from '../totals.ts';
import type { Markup, Piece } from './markup.ts';
import { html } from './markup.ts';

export function headline(result: Result): Markup {
  return html`<section aria-label="Headline figures">
<div class="tiles">${[rate(result), latency(result), cpu(result), memory(result)]}</div>
<div class="tiles damage">${damage(result)}</div>
</section>`;
}

function tile(title: string, figure: Piece, details: readonly Piece[], kind = ''): Markup {
  const lines = details.filter((detail) => detail !== null).map((detail) => html`<p>${detail}</p>`);
  return html`<div class="tile ${kind}"><h3>${title}</h3><div class="figure">${figure}</div>${lines}</div>`;
}

function rate(result: Result): Markup {
  const offered = result.offeredPerMinute;
  return tile('Delivered to every destination', formatPerMinute(result.ratePerMinute), [
    html`<b>${formatBytesPerSecond(result.mbPerSecond * 1e6)}</b> at <b>${formatCount(result.eventBytes)} bytes</b> an event`,
    `${formatPerSecond(result.ratePerMinute / 60)}; ${offered === null ? `load ${result.rate}` : `offered ${formatPerMinute(offered)}`}`,
  ]);
}

function latency(result: Result): Markup {
  const figures = result.latencyMs;
  if (figures === null) return tile('Latency', '–', ['not measured: no arrivals were observed']);
  const resolution = Math.max(0, ...result.destinations.map(({ latencyMs }) => latencyMs?.resolutionMs ?? 0));
  const rows = [
    ['p50', figures.p50],
    ['p99', figures.p99],
    ['p99.9', figures.p999],
    ['max', figures.max],
  ] as const;
  return tile(
    'End-to-end latency',
    html`<dl class="percentiles">${rows.map(
      ([name, ms]) => html`<div><dt>${name}</dt><dd>${formatMs(ms)}</dd></div>`,
    )}</dl>`,
    [
      'from intended send time to bytes in the destination’s file',
      resolution > 0 ? `arrival observed to within ${formatMs(resolution)}` : null,
      figures.clockBoundMs === undefined
        ? null
        : `between machines: clocks ±${formatMs(figures.clockBoundMs)}`,
    ],
    'wide',
  );
}

function cpu(result: Result): Markup {
  return tile('CPU per million events', html`${formatCores(result.cpuSecondsPerMillion)}<small> s</small>`, [
    html`<b>${formatCores(result.cpuCores)} cores</b> by all ${result.tool} processes`,
    `the rig itself: ${formatCores(result.rigCpuCores)} of ${plural(result.machine.cores, 'core')}, steal ${formatPercent(result.machine.stealPercent)}`,
  ]);
}

function memory(result: Result): Markup {
  const largest = result.processes
    .filter(({ group }) => group === 'tool')
    .sort((a, b) => b.rssBytesMax - a.rssBytesMax)[0];
  return tile(
    'Memory, largest',
    formatBytes(result.rssBytesMax),
    [largest === undefined ? 'peak resident set' : `peak resident set of ${largest.name}`],
    'slim',
  );
}

function damage(result: Result): readonly Markup[] {
  const totals = totalsOf(result);
  return DAMAGE.map((kind) =>
    tile(
      kind,
      html`${formatCount(totals[kind])}<small>${totals[kind] === 0 ? ' ✓' : ''}</small>`,
      [DAMAGE_MEANING[kind]],
      totals[kind] === 0 ? 'good' : 'bad',
    ),
  );
}
