// What /proc says of one process at this moment, read at once: a look at all of them must take microseconds each.

import { readFileSync } from 'node:fs';

/** USER_HZ: the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export interface ProcessStat {
  readonly parent: number;
  readonly processGroup: number;
  readonly startedTicks: number;
  readonly cpuSeconds: number;
  /** Of children that have ended and that it has waited for, and of theirs. */
  readonly reapedSeconds: number;
}

export interface ProcessCosts extends ProcessStat {
  readonly rssBytes: number;
  /** With those of children that it has waited for. */
  readonly writtenBytes: number;
  readonly readBytes: number;
}

/** Null for a process that is gone, or that belongs to somebody else. */
export function readCosts(pid: number): ProcessCosts | null {
  const stat = readStat(pid);
  const status = readProc(pid, 'status');
  if (stat === null || status === null) return null;
  const io = readProc(pid, 'io') ?? ''; // only our own user's may be read
  return {
    ...stat,
    rssBytes: numberAfter(status, 'VmRSS:') * 1024,
    writtenBytes: numberAfter(io, '\nwrite_bytes:'),
    readBytes: numberAfter(io, '\nread_bytes:'),
  };
}

export function readStat(pid: number): ProcessStat | null {
  const stat = readProc(pid, 'stat');
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name may hold spaces; field 3 is first
  const field = (number: number): number => Number(fields[number - 3] ?? 0);
  return {
    parent: field(4),
    processGroup: field(5),
    startedTicks: field(22),
    cpuSeconds: (field(14) + field(15)) / TICKS_PER_SECOND,
    reapedSeconds: (field(16) + field(17)) / TICKS_PER_SECOND,
  };
}

export function readEnvironmentText(pid: number): string {
  return readProc(pid, 'environ') ?? '';
}

/** Clock ticks since the machine started. */
export function uptimeTicks(): number {
  return Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * TICKS_PER_SECOND;
}

function readProc(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return null;
    throw cause;
  }
}

function numberAfter(text: string, label: string): number {
  const at = text.indexOf(label);
  return at < 0 ? 0 : Number.parseInt(text.slice(at + label.length), 10);
}
