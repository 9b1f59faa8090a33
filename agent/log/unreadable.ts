// Reading files of which the disk cannot give some sectors any more. To a log that is damage like any other: what cannot
// be read is zeros, which no checksum accepts, so it costs the batches and records it held and nothing else.

import { systemCodeOf } from '../errors.ts';
import type { Disk } from './disk.ts';

/** What is lost around an unreadable sector: a page, the least that the kernel reads of a file. */
const PAGE_BYTES = 4096;

/** Like `Disk.read`, with zeros for the pages that cannot be read. */
export async function readDespiteDamage(
  disk: Disk,
  fd: number,
  into: Buffer,
  position: number,
): Promise<number> {
  try {
    return await disk.read(fd, into, position);
  } catch (error) {
    if (systemCodeOf(error) !== 'EIO') throw error;
  }
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

async function readPage(disk: Disk, fd: number, page: Buffer, position: number): Promise<number> {
  try {
    return await disk.read(fd, page, position);
  } catch (error) {
    if (systemCodeOf(error) !== 'EIO') throw error;
    page.fill(0);
    return page.length;
  }
}
