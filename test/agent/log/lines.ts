// Appends of a few lines, where it does not matter whose they are.

import { crc32 } from 'node:zlib';
import type { EventLog } from '../../../agent/log/log.ts';
import type { SourceState } from '../../../agent/log/sources.ts';

const ends = new WeakMap<SourceState, number>();

/** Lines as one batch behind what was handed to the log of this source before. */
export function appendLines(log: EventLog, source: SourceState, lines: readonly string[]): Promise<void> {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  const from = Math.max(source.position, ends.get(source) ?? 0);
  const end = from + bytes.length;
  ends.set(source, end);
  const append = { source, from, end, chunks: [bytes], bytes: bytes.length, events: lines.length };
  return log.append({ ...append, crc: crc32(bytes), sequence: 0 }).catch((error: unknown) => {
    ends.delete(source);
    throw error;
  });
}

/** A source of tests. */
export function sourceOf(log: EventLog, key = 'lines'): SourceState {
  return log.findSource(key) ?? log.defineSource({ owner: 'tests', key, identity: {}, position: 0 });
}
