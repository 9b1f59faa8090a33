// What concerns more than one key of a source.

import { isWildcard } from './address.ts';
import { problem, repeated, when } from './broken.ts';
import type { KeyPath, Problem } from './document.ts';
import { heartbeatFits } from './heartbeat-rule.ts';
import type { Sections } from './rules.ts';
import type { LogConfig, ScribeSourceConfig, SourceConfig } from './schema.ts';

export function sourceRules(
  source: SourceConfig | undefined,
  path: KeyPath,
  { log, registry }: Sections,
): Problem[] {
  switch (source?.type) {
    case undefined:
      return [];
    case 'tail':
      return [
        ...when(
          source.idlePollMs < source.pollMs,
          [...path, 'idlePollMs'],
          `is ${source.idlePollMs}, expected at least pollMs (${source.pollMs})`,
        ),
        ...pendingFits(source.readBytesMax, [...path, 'readBytesMax'], log),
        ...pendingFits(source.eventBytesMax, [...path, 'eventBytesMax'], log),
      ];
    case 'listen':
      return [
        ...when(
          source.windowBytes < source.batchBytesMax,
          [...path, 'windowBytes'],
          `is ${source.windowBytes}, expected at least batchBytesMax (${source.batchBytesMax})`,
        ),
        ...pendingFits(source.batchBytesMax, [...path, 'batchBytesMax'], log),
        ...heartbeatFits(source, path),
        ...when(
          registry?.type === 'etcd' && source.advertise === undefined && isWildcard(source.address),
          [...path, 'address'],
          'nobody can connect to a wildcard address, expected advertise beside it: the address to register',
        ),
      ];
    case 'scribe':
      return scribeRules(source, path, log);
    default:
      return source satisfies never;
  }
}

function scribeRules(source: ScribeSourceConfig, path: KeyPath, log: LogConfig | undefined): Problem[] {
  const { windowBytes, frameBytesMax, eventBytesMax, batchBytesMax, categories } = source;
  return [
    ...when(
      windowBytes < frameBytesMax,
      [...path, 'windowBytes'],
      `is ${windowBytes}, expected at least frameBytesMax (${frameBytesMax})`,
    ),
    ...when(
      eventBytesMax > batchBytesMax,
      [...path, 'eventBytesMax'],
      `is ${eventBytesMax}, expected at most batchBytesMax (${batchBytesMax})`,
    ),
    ...pendingFits(batchBytesMax, [...path, 'batchBytesMax'], log),
    ...capFits(frameBytesMax, [...path, 'frameBytesMax'], log),
    ...repeated(categories, (index, first) =>
      problem(
        [...path, 'categories', index],
        `duplicate category ${categories[index]}, categories[${first}] is it already`,
      ),
    ),
  ];
}

/** Of the cap, for cursors, journals made ahead and what a commit needs beside its data. */
const WORKING_BYTES = 1024 * 1024;

function pendingFits(bytes: number, path: KeyPath, log: LogConfig | undefined): Problem[] {
  if (log === undefined) return [];
  const { pendingBytesMax } = log;
  return [
    ...when(
      bytes > pendingBytesMax,
      path,
      `is ${bytes}, expected at most log.pendingBytesMax (${pendingBytesMax})`,
    ),
    ...capFits(bytes, path, log),
  ];
}

/** What is larger than an empty log would wait for room for ever. */
function capFits(bytes: number, path: KeyPath, log: LogConfig | undefined): Problem[] {
  if (log === undefined) return [];
  const { capBytes } = log;
  const capMin = 2 * bytes + WORKING_BYTES;
  const capShare = Math.floor((capBytes - WORKING_BYTES) / 2);
  const lower = capShare > 0 ? `, or at most ${capShare} here` : '';
  return when(
    capBytes < capMin,
    path,
    `is ${bytes}, which takes a log.capBytes of at least ${capMin}: found ${capBytes}, expected that${lower}`,
  );
}
