// Where bytes go that are no event for us (too long): one file for each source and reason, up to a bound, beyond
// which they are only counted.

import fs from 'node:fs/promises';
import { join } from 'node:path';

const FILE_BYTES_MAX = 64 * 1024 * 1024;

export class Quarantine {
  readonly #dir: string;
  readonly #source: string;

  constructor(dir: string, source: string) {
    this.#dir = dir;
    this.#source = source;
  }

  async add(reason: string, chunk: Buffer): Promise<void> {
    await fs.mkdir(this.#dir, { recursive: true });
    const file = await fs.open(join(this.#dir, `${this.#source}.${reason}`), 'a');
    try {
      if ((await file.stat()).size + chunk.length <= FILE_BYTES_MAX) await file.appendFile(chunk);
    } finally {
      await file.close();
    }
  }
}
