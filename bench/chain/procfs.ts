// What /proc says of processes: who is it (pid and start time), whose is it (environment), what else is in its
// group. A pid alone names nobody after a kill or a reboot.

import { readdir, readFile, readlink } from 'node:fs/promises';
import { hasCode } from '../run-error.ts';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of /proc/<pid>/stat. */
  readonly startTime: number;
}

export interface ProcessState extends ProcessIdentity {
  readonly parent: number;
  readonly group: number;
  readonly zombie: boolean;
}

/** null: no such process. */
export async function readProcess(pid: number): Promise<ProcessState | null> {
  const stat = await readProc(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The name in parentheses may hold spaces and parentheses: the fields begin after the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0] ?? 'X';
  return {
    pid,
    startTime: Number(fields[19]),
    parent: Number(fields[1]),
    group: Number(fields[2]),
    // The first thread may be dead while others still come back from the disk, holding files and addresses.
    zombie: (state === 'Z' || state === 'X') && Number(fields[17]) <= 1,
  };
}

/** True while this very process runs; false for a zombie or another process with its pid. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const now = await readProcess(identity.pid);
  return now !== null && now.startTime === identity.startTime && !now.zombie;
}

export async function allPids(): Promise<number[]> {
  const entries = await readdir('/proc');
  return entries.filter((entry) => /^\d+$/.test(entry)).map(Number);
}

/** Living members of a process group. */
export async function groupMembers(group: number): Promise<ProcessState[]> {
  const states = await Promise.all((await allPids()).map((pid) => readProcess(pid)));
  return states.filter((state) => state !== null).filter((state) => state.group === group && !state.zombie);
}

/** null: gone, or not ours to read. */
export async function readEnvironment(pid: number): Promise<ReadonlyMap<string, string> | null> {
  const block = await readProc(`/proc/${pid}/environ`);
  if (block === null) return null;
  const pairs = block
    .split('\0')
    .filter((pair) => pair.includes('='))
    .map((pair): [string, string] => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1)];
    });
  return new Map(pairs);
}

export async function readCommand(pid: number): Promise<string> {
  const line = await readProc(`/proc/${pid}/cmdline`);
  return (line ?? '').replaceAll('\0', ' ').trim();
}

/** Who listens on address:port, as `pid 123 (nginx: master)`; null when it cannot be found. */
export async function listenerOf(address: string, port: number): Promise<string | null> {
  const inode = await listeningInode(address, port);
  if (inode === null) return null;
  for (const pid of await allPids()) {
    if (await holdsSocket(pid, inode)) return `pid ${pid} (${(await readCommand(pid)).slice(0, 80)})`;
  }
  return null;
}

async function listeningInode(address: string, port: number): Promise<string | null> {
  const table = await readProc('/proc/net/tcp');
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const hexAddress = address
    .split('.')
    .reverse()
    .map((part) => Number(part).toString(16).toUpperCase().padStart(2, '0'))
    .join('');
  const wanted = [`${hexAddress}:${hexPort}`, `00000000:${hexPort}`];
  const rows = (table ?? '').split('\n').map((row) => row.trim().split(/\s+/));
  const row = rows.find((fields) => wanted.includes(fields[1] ?? '') && fields[3] === '0A');
  return row?.[9] ?? null;
}

async function holdsSocket(pid: number, inode: string): Promise<boolean> {
  try {
    const descriptors = await readdir(`/proc/${pid}/fd`);
    const links = await Promise.all(
      descriptors.map((descriptor) => readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')),
    );
    return links.includes(`socket:[${inode}]`);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EACCES', 'EPERM', 'ESRCH')) return false;
    throw error;
  }
}

async function readProc(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'latin1');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EACCES', 'EPERM', 'ESRCH')) return null;
    throw error;
  }
}
