// One row for each destination, and under it, when something is wrong, which events and which lines.

import type { Result } from '../../result.ts';
import type { DestinationVerdict, Evidence, RangeList } from '../../verifier/spec.ts';
import { formatCount, formatDuration, formatMs, formatOr, plural } from '../format.ts';
import { DAMAGE, damageOf, isSound } from '../totals.ts';
import type { Markup } from './markup.ts';
import { html } from './markup.ts';

const COLUMNS = 12;
const ACROSS_MACHINES = 13;

export function destinations(result: Result): Markup {
  const across = result.destinations.some(({ latencyMs }) => latencyMs?.clockBoundMs !== undefined);
  return html`<section><h2>Destinations</h2>
<div class="scroll"><table>
<thead><tr><th>Destination</th><th class="n">Expected</th><th class="n">Delivered</th>${DAMAGE.map(
    (kind) => html`<th class="n kind">${kind}</th>`,
  )}<th class="n">p50</th><th class="n">p99</th><th class="n">max</th>${across ? html`<th class="n" title="how right the latencies are">Clocks</th>` : null}<th class="n" title="after the last event was sent">Last arrival</th></tr></thead>
<tbody>${result.destinations.map((destination) => [
    row(result, destination, across),
    evidence(destination, across ? ACROSS_MACHINES : COLUMNS),
  ])}</tbody>
</table></div>
<p class="caption">Events, as the verifier counted them in the files; ✗: more than the scenario allows. Last arrival: after the last event was sent.${across ? ' Clocks: sent and observed by different machines, so each latency is right to within this.' : ''}</p>
</section>`;
}

function row(result: Result, destination: DestinationVerdict, across: boolean): Markup {
  const damage = damageOf(destination);
  const latency = destination.latencyMs;
  const sound = isSound(result, destination);
  const last = destination.lastArrivalMs;
  return html`<tr class="${sound ? 'good' : 'bad'}"><th scope="row"><span class="sign">${sound ? '✓' : '✗'}</span> ${destination.name}</th>
<td class="n">${formatCount(destination.expected)}</td><td class="n">${formatCount(destination.delivered)}</td>
${DAMAGE.map((kind) => html`<td class="n ${damage[kind] === 0 ? 'zero' : sound ? '' : 'wrong'}">${formatCount(damage[kind])}</td>`)}
<td class="n">${formatOr(latency?.p50, formatMs)}</td><td class="n">${formatOr(latency?.p99, formatMs)}</td><td class="n">${formatOr(latency?.max, formatMs)}</td>
${across ? html`<td class="n">${formatOr(latency?.clockBoundMs, (ms) => `±${formatMs(ms)}`)}</td>` : null}
<td class="n">${last === null ? 'nothing came' : formatDuration(Math.max(0, last - result.window.sentMs))}</td></tr>`;
}

function evidence(destination: DestinationVerdict, columns: number): Markup | null {
  const parts = [
    ranges('Lost', destination.lost),
    ranges('Duplicated', destination.duplicated),
    ranges('Reordered', destination.reordered),
    lines('Torn lines', destination.torn, destination.tornExamples),
    lines('Foreign lines', destination.foreign, destination.foreignExamples),
  ].filter((part) => part !== null);
  if (parts.length === 0) return null;
  return html`<tr class="evidence"><td colspan="${columns}"><details data-print><summary>Evidence at ${destination.name}</summary><div class="parts">${parts}</div></details></td></tr>`;
}

function ranges(title: string, list: RangeList): Markup | null {
  if (list.events === 0) return null;
  const shown = list.ranges.reduce((sum, range) => sum + range.last - range.first + 1, 0);
  const rest = list.events - shown;
  return html`<div><h4>${title}: ${plural(list.events, 'event')} in ${plural(list.ranges.length, 'range')}${rest > 0 ? ' listed' : ''}</h4>
<table class="small"><thead><tr><th class="n">Runner</th><th class="n">Epoch</th><th class="n">First</th><th class="n">Last</th><th class="n">Events</th></tr></thead><tbody>
${list.ranges.map(
  (range) =>
    html`<tr><td class="n">${formatCount(range.runner)}</td><td class="n">${formatCount(range.epoch)}</td><td class="n">${formatCount(range.first)}</td><td class="n">${formatCount(range.last)}</td><td class="n">${formatCount(range.last - range.first + 1)}</td></tr>`,
)}</tbody></table>
${rest > 0 ? html`<p class="caption">and ${plural(rest, 'event')} more in ranges that are not listed</p>` : null}</div>`;
}

function lines(title: string, count: number, examples: readonly Evidence[]): Markup | null {
  if (count === 0) return null;
  const shown = examples.length < count ? `, the first ${formatCount(examples.length)}` : '';
  return html`<div class="lines"><h4>${title}: ${formatCount(count)}${shown}</h4>
<ul>${examples.map(
    ({ file, offset, text }) =>
      html`<li><span class="at">${file} at byte ${formatCount(offset)}</span><code>${text}</code></li>`,
  )}</ul></div>`;
}
