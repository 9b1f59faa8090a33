// What was run, on what, from which commit, and how to run it again.

import type { Result } from '../../result.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMs,
  formatPercent,
  formatPerMinute,
  plural,
} from '../format.ts';
import { spans } from '../totals.ts';
import type { Markup, Piece } from './markup.ts';
import { html } from './markup.ts';

export function provenance(result: Result): Markup {
  return html`<section><h2>What was run, and how to run it again</h2>
<pre class="command"><code>${repeatCommand(result)}</code></pre>
${
  result.dirty
    ? html`<p class="caption warn">The checkout had changes that are in no commit: the commit alone does not repeat this run.</p>`
    : null
}
<div class="columns">${list(theRun(result))}${list(theMachine(result))}${list(theGenerator(result))}</div>
</section>`;
}

/** The command line that repeats the run, from a clean checkout of the same commit. */
export function repeatCommand(result: Result): string {
  const duration =
    result.offeredPerMinute !== null && result.offeredPerMinute > 0
      ? ['--duration', `${Number(((result.sent / result.offeredPerMinute) * 60).toFixed(1))}s`]
      : [];
  const words = [
    ...['npm', 'run', 'bench', '--', 'run', result.scenario],
    ...['--tool', result.tool, '--rate', result.rate, ...duration],
    ...['--durability', result.durability, '--seed', String(result.seed)],
    // Which machines those were is the reader's to say: their keys are no part of a result.
    ...((result.hosts ?? []).length > 0 ? ['--chain', 'machines.yaml'] : []),
  ];
  return `git checkout ${quote(result.commit)}\n${words.map(quote).join(' ')}`;
}

function quote(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

type Row = readonly [name: string, value: Piece];

function list(rows: readonly Row[]): Markup {
  return html`<dl>${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function theRun(result: Result): readonly Row[] {
  const { sendMs, drainMs } = spans(result);
  return [
    ['Scenario', result.scenario],
    ['Tool', `${result.tool} ${result.toolVersion}`],
    ['Durability', result.durability === 'fsync' ? 'fsync' : 'os (page cache)'],
    ['Load', result.offeredPerMinute === null ? result.rate : formatPerMinute(result.offeredPerMinute)],
    ['Event format', `${result.format}, ${formatCount(result.eventBytes)} bytes an event`],
    ['Sent', `${plural(result.sent, 'event')}, ${formatBytes(result.sentBytes)}`],
    ['Sending took', formatDuration(sendMs)],
    ['Drained in', formatDuration(drainMs)],
    ['Started', result.startedAt],
    ['Seed', String(result.seed)],
    ['Commit', html`<code>${result.commit}</code>${result.dirty ? ' with uncommitted changes' : ''}`],
  ];
}

function theMachine(result: Result): readonly Row[] {
  const { machine } = result;
  return [
    ['Processor', machine.cpu],
    ['Cores', formatCount(machine.cores)],
    ['Memory', formatBytes(machine.memoryBytes)],
    ['Filesystem', machine.filesystem],
    ['Kernel', machine.kernel],
    ['Node', machine.node],
    ['Steal time', formatPercent(machine.stealPercent)],
  ];
}

function theGenerator(result: Result): readonly Row[] {
  const { generator } = result;
  return [
    ['Generator behind schedule, p99', formatMs(generator.lagMsP99)],
    ['Generator behind schedule, max', formatMs(generator.lagMsMax)],
    ['Events written late', formatCount(generator.lateEvents)],
    ['Generator held for', formatDuration(generator.heldMs)],
    ['Source bytes expired', formatBytes(generator.expiredBytes)],
  ];
}

export function configuration(result: Result): Markup | null {
  if (result.configuration.length === 0) return null;
  return html`<section class="configuration"><h2>Configuration</h2>${result.configuration.map(
    ({ file, text }) =>
      html`<details class="file"><summary>${file}</summary><pre><code>${text}</code></pre></details>`,
  )}</section>`;
}
