// Small files that somebody else names: configuration, certificates, tokens. They may be named by a slip or by a hostile
// hand: a pipe would never end, a device would fill the memory. So only a regular file is read, and only so much of it.

import { constants, open } from 'node:fs/promises';
import { describeSystemError, SpillwayError } from './errors.ts';

/** @throws SpillwayError `config`, whose message says why without naming the file */
export async function readRegularFile(file: string, bytesMax: number): Promise<string> {
  try {
    // a pipe that nobody writes to opens at once, too
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const facts = await handle.stat();
    if (!facts.isFile() && !facts.isDirectory()) throw new SpillwayError('config', 'it is no regular file');
    // a directory says so by itself, and a file may grow while it is read
    const buffer = Buffer.alloc(bytesMax + 1);
    let bytes = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, bytes, buffer.length - bytes, bytes);
      bytes += bytesRead;
      if (bytes > bytesMax) throw new SpillwayError('config', `it is larger than ${bytesMax} bytes`);
      if (bytesRead === 0) return buffer.toString('utf8', 0, bytes);
    }
  } catch (cause) {
    if (cause instanceof SpillwayError) throw cause;
    throw new SpillwayError('config', describeSystemError(cause), { cause });
  }
}
