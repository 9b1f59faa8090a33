// Small filesystems of a node's own, so that a disk can be filled without filling the machine's. A tmpfs, which
// only root may mount; what is mounted below a chain's folder is taken down with it, also by `down`.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, realpath, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { promisify } from 'node:util';
import { BenchError, hasCode } from '../run-error.ts';

const run = promisify(execFile);
const PROBE_BYTES = 2 ** 20;

/** null: mounts are permitted; else the reason why not. */
export async function whyNoMounts(): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'spillway-mount-'));
  try {
    await mountSmall(folder, PROBE_BYTES);
    await run('umount', [folder]);
    return null;
  } catch (error) {
    return said(error);
  } finally {
    await rmdir(folder);
  }
}

export async function mountSmall(folder: string, bytes: number): Promise<void> {
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0755`, 'spillway', folder]);
  } catch (cause) {
    throw new BenchError('run', `cannot mount a small filesystem at ${folder}: ${said(cause)}`, { cause });
  }
}

export async function unmountBelow(folder: string): Promise<void> {
  const real = await realpath(folder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  });
  if (real === null) return;
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => {
    return (line.split(' ')[1] ?? '').replaceAll('\\040', ' ');
  });
  for (const at of mounts.filter((mount) => mount.startsWith(real + sep)).toReversed()) {
    // Lazily: what still holds a file there is ended by others.
    await run('umount', ['-l', at]);
  }
}

function said(error: unknown): string {
  const { stderr = '' } = error as { stderr?: string };
  return stderr.trim() || String(error);
}
