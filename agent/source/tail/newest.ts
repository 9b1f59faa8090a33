// Where a tail begins in a file it is to read only the news of: behind the last whole line.

import fs from 'node:fs/promises';
import { NEWLINE } from '../../bytes.ts';

const LOOK_BYTES = 64 * 1024;

/** The offset behind the last newline before `size`; 0 where there is none. */
export async function lastNewlineBefore(path: string | Buffer, size: number): Promise<number> {
  const file = await fs.open(path, 'r');
  try {
    const buffer = Buffer.alloc(LOOK_BYTES);
    for (let end = size; end > 0; end -= Math.min(end, LOOK_BYTES)) {
      const from = Math.max(0, end - LOOK_BYTES);
      const { bytesRead } = await file.read(buffer, 0, end - from, from);
      const at = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE);
      if (at !== -1) return from + at + 1;
    }
    return 0;
  } finally {
    await file.close();
  }
}

/** Progress that moves nothing and counts nothing: with it, the log remembers a source before its first batch. */
export function nothingAt(offset: number) {
  return { outcome: 'suppressed', reason: 'start', from: offset, end: offset, events: 0, bytes: 0 } as const;
}
