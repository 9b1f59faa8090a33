// A disk that shows what a start of the agent would do, and does none of it: reads come from the real one, whatever is
// written, renamed or removed stays in memory. What the log's own code says on it is what it will say when it starts.
//
// Only small files are written by an opening log (journals, cursors), so memory stays small. Cutting a file that is
// there is passed over: nothing that reads a log looks behind what its journals name.

import { dirname, join } from 'node:path';
import type { Disk } from '../log/disk.ts';
import { unlessGone } from '../log/survey.ts';

interface MemoryFile {
  bytes: Buffer;
}

/** Above every descriptor of the system. */
const FIRST_FD = 1_000_000_000;

function missing(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or directory, '${path}'`), { code: 'ENOENT' });
}

export function dryDisk(disk: Disk): Disk {
  /** What differs from the real disk: a file made or replaced here, or one removed (null). */
  const changed = new Map<string, MemoryFile | null>();
  const made = new Set<string>();
  const open = new Map<number, MemoryFile>();
  let nextFd = FIRST_FD;

  const put = (file: MemoryFile, bytes: Buffer, position: number) => {
    const grown = Buffer.alloc(Math.max(file.bytes.length, position + bytes.length));
    file.bytes.copy(grown);
    bytes.copy(grown, position);
    file.bytes = grown;
  };
  const write = async (fd: number, bytes: Buffer, position: number) => {
    const file = open.get(fd);
    // an opening log writes into a file that is there only what it has just read from it
    if (file === undefined) return;
    put(file, bytes, position);
  };

  return {
    async open(path, flags) {
      const known = changed.get(path);
      if (known === undefined && flags !== 'w+') return await disk.open(path, 'r');
      if (known === null && flags !== 'w+') throw missing(path);
      const file = flags === 'w+' || known == null ? { bytes: Buffer.alloc(0) } : known;
      changed.set(path, file);
      open.set(nextFd, file);
      return nextFd++;
    },
    async close(fd) {
      if (!open.delete(fd)) await disk.close(fd);
    },
    async read(fd, into, position) {
      const file = open.get(fd);
      return file === undefined ? await disk.read(fd, into, position) : file.bytes.copy(into, 0, position);
    },
    write,
    async writev(fd, chunks, position) {
      await write(fd, Buffer.concat(chunks), position);
    },
    sync: async () => undefined,
    async truncate(fd, size) {
      const file = open.get(fd);
      if (file !== undefined) file.bytes = file.bytes.subarray(0, size);
    },
    async facts(path) {
      const known = changed.get(path);
      if (known === null) throw missing(path);
      return known === undefined ? await disk.facts(path) : { size: known.bytes.length, modifiedMs: 0 };
    },
    async list(directory) {
      const found = await unlessGone(disk.list(directory));
      if (found === null && !made.has(directory)) throw missing(directory);
      const names = new Set(found ?? []);
      for (const [path, file] of changed) {
        if (dirname(path) !== dirname(join(directory, 'x'))) continue;
        const name = path.slice(dirname(path).length + 1);
        if (file === null) names.delete(name);
        else names.add(name);
      }
      return [...names];
    },
    async makeDirectory(directory) {
      made.add(directory);
    },
    async rename(from, to) {
      // what is set aside is not looked at again: its bytes need not be read for that
      changed.set(to, changed.get(from) ?? { bytes: Buffer.alloc(0) });
      changed.set(from, null);
    },
    async remove(path) {
      changed.set(path, null);
    },
    syncDirectory: async () => undefined,
    freeBytes: (directory) => disk.freeBytes(directory),
  };
}
