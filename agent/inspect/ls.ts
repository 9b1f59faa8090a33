// `agent ls DIR [--config FILE] [--json]`: what lies in a log directory, who wrote it, who still wants it.

import type { AgentConfig } from '../config/schema.ts';
import { realDisk } from '../log/disk.ts';
import type { Counts } from '../log/sources.ts';
import { badUsage, checkLogDirectory, readArguments } from './arguments.ts';
import { type ClusterProgress, type CursorEntry, type Inventory, takeInventory } from './inventory.ts';
import { type LockState, lockState } from './lock-state.ts';
import { age, count, endWithReader, plural, print, reasons, table, time } from './output.ts';
import { LS_USAGE } from './usage.ts';

export async function ls(args: readonly string[]): Promise<number> {
  const options = { config: { type: 'string' }, json: { type: 'boolean' } } as const;
  const { values, positionals } = readArguments(args, options, LS_USAGE);
  const config = values.config === undefined ? null : await configIn(values.config);
  const dir = positionals[0] ?? config?.log.dir;
  if (dir === undefined || positionals.length > 1) throw badUsage('one directory is expected', LS_USAGE);
  await checkLogDirectory(dir);
  endWithReader();
  const agent = await lockState(dir);
  const destinations = config?.destinations.map(({ name }) => name) ?? null;
  const inventory = await takeInventory(realDisk, dir, destinations);
  await print(
    values.json === true
      ? `${JSON.stringify({ ...inventory, agent })}\n`
      : textOf(inventory, agent, Date.now()),
  );
  return 0;
}

async function configIn(file: string): Promise<AgentConfig> {
  // a good part of the time that ls takes would go into loading this
  const { loadConfig } = await import('../config/load.ts');
  return await loadConfig(file, { directories: 'unchecked' });
}

function textOf(inventory: Inventory, agent: LockState, now: number): string {
  const { dir, stream, segments, sources, cursors, quarantine } = inventory;
  const counts = ({ events, bytes }: Counts) => `${plural(events, 'event')}, ${plural(bytes, 'byte')}`;
  const end = inventory.appended.bytes;
  const parts = [
    dir,
    `  stream    ${stream ?? 'unknown: identity.json cannot be read'}`,
    `  agent     ${runs(agent)}`,
    `  appended  ${counts(inventory.appended)}`,
    `  expired   ${counts(inventory.expired)}`,
    ...(inventory.damaged.bytes > 0 ? [`  damaged   ${counts(inventory.damaged)}`] : []),
    `  present   ${counts(inventory.present)}, offsets [${segments[0]?.base ?? end}, ${end})`,
    `  on disk   ${plural(inventory.diskBytes, 'byte')}`,
  ];
  const section = (title: string, headings: readonly string[], rows: readonly string[][]) => {
    if (rows.length > 0) parts.push('', title, table(headings, rows));
  };
  section(
    'segments',
    ['>base', '>bytes', '>events', '>batches', '>holes', '>last batch', 'state'],
    segments.map(({ base, bytes, events, batches, holes, lastMs, state }) => [
      String(base),
      count(bytes),
      count(events),
      count(batches),
      String(holes),
      state === 'journal unreadable' ? '-' : `${age(now - lastMs)} ago`,
      state,
    ]),
  );
  section(
    'sources',
    ['owner', 'identity', '>position', '>events', 'last seen'],
    sources.map(({ owner, identity, position, events, seenMs }) => [
      owner,
      Object.entries(identity)
        .map(([key, value]) => `${key}=${value}`)
        .join(' '),
      count(position),
      count(events),
      time(seenMs),
    ]),
  );
  section(
    'cursors',
    ['destination', '>position', '>lag events', '>lag bytes', '>epoch', 'remarks'],
    cursors.map(cursorRow),
  );
  section(
    'quarantine',
    ['file', '>bytes', 'changed'],
    quarantine.map(({ name, bytes, modifiedMs }) => [name, count(bytes), time(modifiedMs)]),
  );
  return `${parts.join('\n')}\n`;
}

function runs(agent: LockState): string {
  if (!agent.running) return 'none runs';
  return agent.pid === null ? 'one runs on it' : `process ${agent.pid} runs on it`;
}

function cursorRow({ destination, orphaned, slots, progress }: CursorEntry): string[] {
  if (progress === null) return [destination, '-', '-', '-', '-', 'cannot be read'];
  const { position, lag, epoch, dropped, skipped, gaps, cluster } = progress;
  const remarks = [
    orphaned === true ? 'orphaned' : '',
    slots < 2 ? 'one slot is damaged' : '',
    reasons('dropped', dropped),
    reasons('skipped', skipped),
    cluster === null ? '' : clusterRemark(cluster),
    gaps.length > 0
      ? `to skip: ${gaps.map(({ from, to, reason }) => `[${from.offset}, ${to.offset}) ${reason}`).join(' ')}`
      : '',
  ];
  return [
    destination,
    count(position.offset),
    count(lag.events),
    count(lag.bytes),
    String(epoch),
    remarks.filter((remark) => remark !== '').join('; '),
  ];
}

function clusterRemark({ members, had }: ClusterProgress): string {
  const doubts = members.filter(({ inDoubt }) => inDoubt.bytes > 0);
  const inDoubt = doubts.map(({ name, inDoubt: { events } }) => `${name} ${events}`).join(' ');
  const parts = [
    `cluster of ${members.map(({ name }) => name).join(' ')}`,
    ...(had.bytes > 0 ? [`doubled ${plural(had.events, 'event')}`] : []),
    ...(doubts.length > 0 ? [`in doubt: ${inDoubt}`] : []),
  ];
  return parts.join(', ');
}
