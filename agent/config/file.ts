// The text of a configuration file. It may be named by a slip or by a hostile hand: a pipe would never end, a device would
// fill the memory. So only a regular file is read, and only so much of it.

import { constants, open } from 'node:fs/promises';
import { describeSystemError, SpillwayError } from '../errors.ts';

const CONFIG_BYTES_MAX = 1024 * 1024;

/** @throws SpillwayError `config` */
export async function readConfigFile(file: string): Promise<string> {
  try {
    // a pipe that nobody writes to opens at once, too
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const facts = await handle.stat();
    if (!facts.isFile() && !facts.isDirectory()) throw refusal(file, 'it is no regular file');
    // a directory says so by itself, and a file may grow while it is read
    const buffer = Buffer.alloc(CONFIG_BYTES_MAX + 1);
    let bytes = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, bytes, buffer.length - bytes, bytes);
      bytes += bytesRead;
      if (bytes > CONFIG_BYTES_MAX) throw refusal(file, `it is larger than ${CONFIG_BYTES_MAX} bytes`);
      if (bytesRead === 0) return buffer.toString('utf8', 0, bytes);
    }
  } catch (cause) {
    if (cause instanceof SpillwayError) throw cause;
    throw refusal(file, describeSystemError(cause), cause);
  }
}

function refusal(file: string, why: string, cause?: unknown): SpillwayError {
  return new SpillwayError('config', `cannot read configuration ${file}: ${why}`, { cause, data: { file } });
}
