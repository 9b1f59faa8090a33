// The chain as a picture: who sends to whom, how fast each hop went, and where events were damaged.

import type { Result } from '../../result.ts';
import { formatBytesPerSecond, formatEvents, formatPerMinute, plural } from '../format.ts';
import { shorten } from '../printable.ts';
import { damageOf, damageSum, directoryRateBytes } from '../totals.ts';
import type { Box, Line, Sizes } from './chain-layout.ts';
import { GENERATOR, layoutChain } from './chain-layout.ts';
import type { Colours } from './colours.ts';
import type { Markup } from './markup.ts';
import { html } from './markup.ts';

const WIDE: Sizes = { columns: 6, boxWidth: 124, boxHeight: 46, gap: 92 };
const NARROW: Sizes = { columns: 3, boxWidth: 108, boxHeight: 46, gap: 86 };

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
  return html`<div class="chain ${kind}"><svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Chain from the generator to ${plural(result.destinations.length, 'destination')}">
<defs><marker id="${tip}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0.5L8 4L0 7.5Z" class="tip"/></marker></defs>
${lines.map((line) => hopLine(result, line, tip, manyTools))}${boxes.map((box) => place(result, colours, box, sizes))}</svg></div>`;
}

function hopLine(result: Result, line: Line, tip: string, namesTool: boolean): Markup {
  const bytes =
    line.hop === null
      ? directoryRateBytes(result, 'source', 'source')
      : directoryRateBytes(result, line.hop.name, line.to);
  const perMinute = bytes === null || result.eventBytes <= 0 ? null : (bytes / result.eventBytes) * 60;
  const text = (y: number, kind: string, words: string): Markup =>
    html`<text x="${line.labelX}" y="${line.labelY + y}" class="${kind}">${words}</text>`;
  const tool = namesTool && line.hop !== null ? line.hop.tool : null;
  return html`<path class="hop" d="${line.path}" marker-end="url(#${tip})"/>
${perMinute === null ? null : text(-6, 'rate', formatPerMinute(perMinute))}
${bytes === null ? null : text(14, 'bytes', formatBytesPerSecond(bytes))}
${tool === null ? null : text(26, 'bytes', shorten(tool, 12))}`;
}

function place(result: Result, colours: Colours, box: Box, sizes: Sizes): Markup {
  const { boxWidth: width, boxHeight: height } = sizes;
  const destination = result.destinations.find(({ name }) => name === box.name);
  const bad = destination !== undefined && damageSum(damageOf(destination)) > 0;
  const isGenerator = box.name === GENERATOR && box.column === 0;
  const strip = isGenerator
    ? null
    : html`<rect class="strip ${colours.place(box.name).colour}" x="0" y="0" width="5" height="${height}"/>`;
  const kind = isGenerator ? 'generator' : bad ? 'bad' : destination === undefined ? '' : 'good';
  return html`<g transform="translate(${box.x} ${box.y})" class="place ${kind}"><title>${box.name}</title>
<rect class="box" width="${width}" height="${height}" rx="4"/>${strip}
<text x="${width / 2 + 2}" y="19" class="name">${shorten(box.name, Math.floor((width - 16) / 7.2))}</text>
<text x="${width / 2 + 2}" y="35" class="detail">${shorten(detail(result, box), Math.floor((width - 12) / 5.9))}</text></g>`;
}

/** The second line in a box. */
function detail(result: Result, box: Box): string {
  if (box.name === GENERATOR && box.column === 0) return `${formatEvents(result.sent)} sent`;
  const destination = result.destinations.find(({ name }) => name === box.name);
  if (destination === undefined) return 'event log';
  const damage = damageOf(destination);
  if (damage.lost > 0) return `✗ ${formatEvents(damage.lost)} lost`;
  if (damageSum(damage) > 0) return `✗ ${formatEvents(damageSum(damage))} damaged`;
  return `✓ ${formatEvents(destination.delivered)} arrived`;
}
