// Two tables of accounts: do the counters of every hop add up, and what did every process cost.

import type { Equation, Result } from '../../result.ts';
import { formatBytes, formatCores, formatCount, plural } from '../format.ts';
import type { Colours } from './colours.ts';
import { processOrder } from './colours.ts';
import type { Markup } from './markup.ts';
import { html } from './markup.ts';
import { swatch } from './swatch.ts';

const STATE = {
  closed: 'Closed: every event that went in is accounted for.',
  open: 'Open: some counters do not add up.',
  unknown: 'Unknown: the tool gives no counters, and the files do not tell.',
} as const;

export function conservation(result: Result): Markup {
  const { state, equations } = result.conservation;
  const open = equations.filter(({ holds }) => !holds);
  const closed = equations.filter(({ holds }) => holds);
  return html`<section><h2>Conservation</h2><p class="state ${state}">${STATE[state]}</p>
${open.length > 0 ? equationTable(open) : null}
${
  closed.length > 0
    ? html`<details class="file" data-print><summary>${plural(closed.length, 'equation')} that ${closed.length === 1 ? 'holds' : 'hold'}</summary>${equationTable(closed)}</details>`
    : null
}</section>`;
}

function equationTable(equations: readonly Equation[]): Markup {
  return html`<div class="scroll"><table>
<thead><tr><th>Where</th><th>Equation</th><th class="n">Left</th><th class="n">Right</th><th class="n">Difference</th><th>Holds</th></tr></thead>
<tbody>${equations.map(
    ({
      where,
      text,
      left,
      right,
      holds,
    }) => html`<tr class="${holds ? 'good' : 'bad'}"><th scope="row">${where}</th><td class="equation">${text}</td>
<td class="n">${formatCount(left)}</td><td class="n">${formatCount(right)}</td><td class="n ${left === right ? 'zero' : 'wrong'}">${formatCount(left - right)}</td>
<td><span class="sign">${holds ? '✓' : '✗'}</span> ${holds ? 'holds' : 'does not hold'}</td></tr>`,
  )}</tbody></table></div>`;
}

export function processes(result: Result, colours: Colours): Markup {
  return html`<section><h2>Processes</h2>
<div class="scroll"><table>
<thead><tr><th>Process</th><th>Belongs to</th><th class="n">CPU seconds</th><th class="n">Cores</th><th class="n">RSS max</th><th class="n">Written</th></tr></thead>
<tbody>${processOrder(result).map(
    (
      process,
    ) => html`<tr><th scope="row">${swatch(colours.process(process.name))} ${process.name}</th><td>${process.group === 'tool' ? result.tool : 'the rig'}</td>
<td class="n">${formatCores(process.cpuSeconds)}</td><td class="n">${formatCores(process.cpuCores)}</td><td class="n">${formatBytes(process.rssBytesMax)}</td><td class="n">${formatBytes(process.writtenBytes)}</td></tr>`,
  )}</tbody></table></div></section>`;
}
