// The machines of a chain that has several, and how far their clocks may be apart: what every latency between two of
// them is worth.

import type { HostFacts, Result } from '../../result.ts';
import { formatBytes, formatBytesPerSecond, formatCount, formatMs } from '../format.ts';
import type { Markup } from './markup.ts';
import { html } from './markup.ts';

/** What is written with two decimals is nothing below this. */
const LEAST_MS = 0.005;

/** null: everything ran on one machine. */
export function hosts({ hosts: list = [], hops }: Result): Markup | null {
  if (list.length === 0) return null;
  const clock = clockOwner(list, hops);
  return html`<section><h2>Machines</h2>
<div class="scroll"><table>
<thead><tr><th>Machine</th><th>Address</th><th>Role</th><th>Type</th><th class="n">Cores</th><th class="n">Memory</th><th>Disk</th><th class="n">Synced writes</th><th class="n">Clock</th></tr></thead>
<tbody>${list.map((host) => row(host, clock))}</tbody>
</table></div>
<p class="caption">Clock: ahead (+) or behind (-) of ${clock ?? 'the generator'}, where the generator ran; the offset is right to within the bound behind ±, which is half the quickest round trip and what drifted during the run. Synced writes: 1 MiB, then fdatasync.</p>
</section>`;
}

/** Who has no offset to itself: the machine of the generator. */
function clockOwner(list: readonly HostFacts[], hops: Result['hops']): string | null {
  const receivers = hops.map(({ to }) => to);
  return list.find(({ id, clock }) => clock.boundMs === 0 && !receivers.includes(id))?.id ?? null;
}

function row(host: HostFacts, clock: string | null): Markup {
  const { id, address, role, instanceType, cores, cpu, memoryBytes, filesystem, syncWriteMbPerSecond } = host;
  const written = syncWriteMbPerSecond === null ? '–' : formatBytesPerSecond(syncWriteMbPerSecond * 1e6);
  return html`<tr><th scope="row">${id}</th><td>${address}</td><td>${role}</td><td>${instanceType ?? '–'}</td>
<td class="n" title="${cpu}">${formatCount(cores)}</td><td class="n">${formatBytes(memoryBytes)}</td><td>${filesystem}</td><td class="n">${written}</td><td class="n">${id === clock ? 'the run’s' : offset(host.clock)}</td></tr>`;
}

function offset({ offsetMs, boundMs }: HostFacts['clock']): string {
  const known = Math.abs(offsetMs) < LEAST_MS ? '0 ms' : formatMs(Math.abs(offsetMs));
  const sign = Math.abs(offsetMs) < LEAST_MS ? '' : offsetMs < 0 ? '-' : '+';
  return `${sign}${known} ±${formatMs(boundMs)}`;
}
