// The figure beside what this machine can do at all: a rate without it says nothing on another disk.

import type { Result } from '../../result.ts';
import { formatBytesPerSecond, formatOr, formatPercent } from '../format.ts';
import type { Markup } from './markup.ts';
import { html } from './markup.ts';

export function probes(result: Result): Markup {
  const durable = result.durability === 'fsync';
  const probe = durable ? result.probes.syncWrite : result.probes.socatCopy;
  const delivered = result.mbPerSecond;
  const written = writtenPerSecond(result) / 1e6;
  const ratio = (value: number): string =>
    probe !== null && probe.mbPerSecond > 0 ? formatPercent((value / probe.mbPerSecond) * 100) : '–';
  const rate = (mb: number): string => formatBytesPerSecond(mb * 1e6);
  return html`<section><h2>Beside the machine’s own speed</h2>
<p class="state">${
    durable
      ? 'Durable: data is synced before it is acknowledged. Compared with sequential 1 MiB writes, each followed by fdatasync, on the same filesystem.'
      : 'Page cache: nothing waits for the disk. Compared with socat copying the same bytes over loopback into a file.'
  }</p>
<div class="scroll"><table>
<thead><tr><th>Figure${durable ? '' : ' (page cache)'}</th><th class="n">Rate</th><th class="n">Of the probe</th></tr></thead><tbody>
<tr><th scope="row">${durable ? 'Probe: write + fdatasync' : 'Probe: socat copy (page cache)'}</th><td class="n">${formatOr(probe?.mbPerSecond, rate)}</td><td class="n">${probe === null ? 'not measured' : '100 %'}</td></tr>
<tr><th scope="row">Delivered to every destination</th><td class="n">${rate(delivered)}</td><td class="n">${ratio(delivered)}</td></tr>
<tr><th scope="row">Written by all ${result.tool} processes together</th><td class="n">${rate(written)}</td><td class="n">${ratio(written)}</td></tr>
</tbody></table></div>
${result.offeredPerMinute === null ? null : html`<p class="caption">The load was offered at a fixed rate, so the ratio is the share of the disk that was used, not a limit.</p>`}
</section>`;
}

function writtenPerSecond(result: Result): number {
  const bytes = result.processes
    .filter(({ group }) => group === 'tool')
    .reduce((sum, { writtenBytes }) => sum + writtenBytes, 0);
  const spanMs = result.window.endMs - result.window.startMs;
  return spanMs > 0 ? (bytes * 1000) / spanMs : 0;
}
