// Reading files of which the disk cannot give some sectors any more. To a log that is damage like any other: what cannot
// be read, also when it is tried again a few times, is zeros, which no checksum accepts, so it costs the batches and
// records it held and nothing else.

import { setTimeout as sleep } from 'node:timers/promises';
import { systemCodeOf } from '../errors.ts';
import type { Disk } from './disk.ts';

/** What is lost around an unreadable sector: a page, the least that the kernel reads of a file. */
const PAGE_BYTES = 4096;
/** An error may pass (a path that fails over, a cable): a gap that was announced stays. So: after 20, 80 and 320 ms. */
const READ_RETRIES_MAX = 3;
const RETRY_MS = 20;
const RETRY_FACTOR = 4;

/** Like `Disk.read`, with zeros for the pages that cannot be read. */
export async function readDespiteDamage(
  disk: Disk,
  fd: number,
  into: Buffer,
  position: number,
): Promise<number> {
  const got = await readPatiently(disk, fd, into, position);
  if (got !== null) return got;
  let done = 0;
  while (done < into.length) {
    const at = position + done;
    const page = into.subarray(done, done + PAGE_BYTES - (at % PAGE_BYTES));
    const got = await readPage(disk, fd, page, at);
    done += got;
    if (got < page.length) break;
  }
  return done;
}

/** Null: it cannot be read, also not a moment later. */
async function readPatiently(disk: Disk, fd: number, into: Buffer, position: number): Promise<number | null> {
  for (let retries = 0; ; retries++) {
    try {
      return await disk.read(fd, into, position);
    } catch (error) {
      if (systemCodeOf(error) !== 'EIO') throw error;
      if (retries === READ_RETRIES_MAX) return null;
      await sleep(RETRY_MS * RETRY_FACTOR ** retries);
    }
  }
}

async function readPage(disk: Disk, fd: number, page: Buffer, position: number): Promise<number> {
  try {
    return await disk.read(fd, page, position);
  } catch (error) {
    if (systemCodeOf(error) !== 'EIO') throw error;
    page.fill(0);
    return page.length;
  }
}
