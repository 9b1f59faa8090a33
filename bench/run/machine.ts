// On what and with what a run was made: machine, filesystem, commit.

import { execFile } from 'node:child_process';
import { readFile, realpath } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { promisify } from 'node:util';
import type { Result } from '../result.ts';

const run = promisify(execFile);

export type Machine = Omit<Result['machine'], 'stealPercent'>;

export async function describeMachine(dataDir: string): Promise<Machine> {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    filesystem: await filesystemOf(dataDir),
  };
}

export async function describeCommit(root: string): Promise<{ commit: string; dirty: boolean }> {
  try {
    const { stdout: commit } = await run('git', ['rev-parse', 'HEAD'], { cwd: root });
    const { stdout: changes } = await run('git', ['status', '--porcelain', '--untracked-files=no'], {
      cwd: root,
    });
    return { commit: commit.trim(), dirty: changes.trim() !== '' };
  } catch {
    // An unpacked archive, or no git on this machine.
    return { commit: 'unknown', dirty: false };
  }
}

/** Type of the mount with the longest path above `dir`. */
async function filesystemOf(dir: string): Promise<string> {
  const path = await realpath(dir);
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
  let best = { at: '', type: 'unknown' };
  for (const [, at = '', type = ''] of mounts) {
    const above = at === '/' || path === at || path.startsWith(`${at}/`);
    if (above && at.length >= best.at.length) best = { at, type };
  }
  return best.type;
}
