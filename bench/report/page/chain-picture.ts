// The chain as a picture: who sends to whom, how fast each hop went, and where events were damaged.

import type { Result } from '../../result.ts';
import { formatBytes, formatBytesPerSecond, formatEvents, formatPerMinute, plural } from '../format.ts';
import { shorten, shortNames } from '../printable.ts';
import { damageOf, damageSum, directoryRateBytes, isSound, spans } from '../totals.ts';
import type { Box, Line, Sizes } from './chain-layout.ts';
import { GENERATOR, layoutChain } from './chain-layout.ts';
import type { Colours } from './colours.ts';
import type { Markup } from './markup.ts';
import { html } from './markup.ts';

const WIDE: Sizes = { columns: 6, boxWidth: 128, boxHeight: 46, gap: 100 };
const NARROW: Sizes = { columns: 3, boxWidth: 116, boxHeight: 46, gap: 88 };

export function chainPicture(result: Result, colours: Colours): Markup {
  const tools = [...new Set(result.hops.map((hop) => hop.tool))];
  const caption =
    tools.length === 1
      ? html`Every hop is run by <b>${tools[0] ?? ''}</b>. `
      : html`The tool of each hop stands under its line. `;
  return html`<section><h2>The chain</h2>
${picture(result, colours, WIDE, 'wide-only')}${picture(result, colours, NARROW, 'narrow-only')}
<p class="caption">${result.hops.length > 0 ? caption : null}Rates are means from the first event due until the last byte arrived there.</p>
</section>`;
}

function picture(result: Result, colours: Colours, sizes: Sizes, kind: string): Markup {
  const { width, height, boxes, lines } = layoutChain(result, sizes);
  const manyTools = new Set(result.hops.map((hop) => hop.tool)).size > 1;
  const tip = `tip-${kind}`;
  const names = shortNames(
    boxes.map(({ name }) => name),
    Math.floor((sizes.boxWidth - 20) / 8.9),
  );
  return html`<div class="chain ${kind}"><svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Chain from the generator to ${plural(result.destinations.length, 'destination')}">
<defs><marker id="${tip}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0.5L8 4L0 7.5Z" class="tip"/></marker></defs>
${lines.map((line) => hopLine(result, line, tip, manyTools))}${boxes.map((box) => place(result, colours, box, sizes, names.get(box.name) ?? box.name))}</svg></div>`;
}

function hopLine(result: Result, line: Line, tip: string, namesTool: boolean): Markup {
  const bytes =
    line.hop === null ? generatorRateBytes(result) : directoryRateBytes(result, line.hop.name, line.to);
  const perMinute = bytes === null || result.eventBytes <= 0 ? null : (bytes / result.eventBytes) * 60;
  const text = (y: number, kind: string, words: string): Markup =>
    html`<text x="${line.labelX}" y="${line.labelY + y}" class="${kind}">${words}</text>`;
  const tool = namesTool && line.hop !== null ? line.hop.tool : null;
  return html`<path class="hop" d="${line.path}" marker-end="url(#${tip})"/>
${perMinute === null ? null : text(-6, 'rate', formatPerMinute(perMinute))}
${bytes === null ? null : text(14, 'bytes', formatBytesPerSecond(bytes))}
${tool === null ? null : text(26, 'bytes', shorten(tool, 12))}`;
}

function place(result: Result, colours: Colours, box: Box, sizes: Sizes, name: string): Markup {
  const { boxWidth: width, boxHeight: height } = sizes;
  const destination = result.destinations.find(({ name }) => name === box.name);
  const bad = destination !== undefined && !isSound(result, destination);
  const isGenerator = box.name === GENERATOR && box.column === 0;
  const strip = isGenerator
    ? null
    : html`<rect class="strip ${colours.place(box.name).colour}" x="0" y="0" width="5" height="${height}"/>`;
  const kind = isGenerator ? 'generator' : bad ? 'bad' : destination === undefined ? '' : 'good';
  return html`<g transform="translate(${box.x} ${box.y})" class="place ${kind}"><title>${box.name}</title>
<rect class="box" width="${width}" height="${height}" rx="4"/>${strip}
<text x="${width / 2 + 2}" y="19" class="name">${name}</text>
<text x="${width / 2 + 2}" y="35" class="detail">${shorten(detail(result, box), Math.floor((width - 12) / 6))}</text></g>`;
}

function generatorRateBytes(result: Result): number | null {
  const { sendMs } = spans(result);
  return sendMs > 0 ? (result.sentBytes * 1000) / sendMs : null;
}

/** The second line in a box. */
function detail(result: Result, box: Box): string {
  if (box.name === GENERATOR && box.column === 0) return `${formatEvents(result.sent)} sent`;
  const destination = result.destinations.find(({ name }) => name === box.name);
  if (destination === undefined) return backlog(result, box.name);
  const damage = damageOf(destination);
  const sign = isSound(result, destination) ? '✓' : '✗';
  if (damage.lost > 0) return `${sign} ${formatEvents(damage.lost)} lost`;
  if (damageSum(damage) > 0) return `${sign} ${formatEvents(damageSum(damage))} damaged`;
  return `${sign} ${formatEvents(destination.delivered)} arrived`;
}

/** The most that ever waited to get here. */
function backlog(result: Result, place: string): string {
  const hop = result.hops.find(({ to }) => to === place);
  const series = result.series.backlogBytes.find(({ name }) => name === place || name === hop?.name);
  if (series === undefined) return hop === undefined ? 'event files' : '';
  const most = series.values.reduce<number>((high, value) => Math.max(high, value ?? 0), 0);
  return `backlog ≤ ${formatBytes(most)}`;
}
