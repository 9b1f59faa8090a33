// What the listed processes cost, from /proc. Counters are cumulative by name and go on over a restart: a new pid
// begins at zero and is added. What a process used between the last sample and its death is not seen. Exactly the
// pids in the file are counted, not their children.

import { readFileSync, statSync } from 'node:fs';
import type { ObservedProcess, Sample } from './spec.ts';

/** USER_HZ: the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

interface Counters {
  readonly cpuSeconds: number;
  readonly writtenBytes: number;
  readonly readBytes: number;
}
type ProcessSample = Sample['processes'][string];
const NONE: Counters = { cpuSeconds: 0, writtenBytes: 0, readBytes: 0 };

export class Processes {
  readonly #path: string;
  readonly #startedTicks: number;
  #changedMs = -1;
  #listed: readonly ObservedProcess[] = [];
  readonly #totals = new Map<string, ProcessSample>();
  /** By pid and start time, so that a pid that is used again is another process. */
  #last = new Map<string, Counters>();

  constructor(path: string) {
    this.#path = path;
    this.#startedTicks = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * TICKS_PER_SECOND;
  }

  get listed(): readonly ObservedProcess[] {
    return this.#listed;
  }

  sample(): Sample['processes'] {
    this.#reread();
    for (const [name, total] of this.#totals) this.#totals.set(name, { ...total, rssBytes: 0 });
    const seen = new Map<string, Counters>();
    for (const { name, pid } of this.#listed) {
      const now = readProcess(pid);
      if (!now) continue;
      const key = `${pid}:${now.startedTicks}`;
      const before = this.#last.get(key) ?? (now.startedTicks < this.#startedTicks ? now : NONE);
      seen.set(key, now);
      const total = this.#totals.get(name) ?? { ...NONE, rssBytes: 0 };
      this.#totals.set(name, {
        cpuSeconds: total.cpuSeconds + now.cpuSeconds - before.cpuSeconds,
        rssBytes: total.rssBytes + now.rssBytes,
        writtenBytes: total.writtenBytes + now.writtenBytes - before.writtenBytes,
        readBytes: total.readBytes + now.readBytes - before.readBytes,
      });
    }
    this.#last = seen;
    return Object.fromEntries(this.#totals);
  }

  /** The list may be missing at first, and may be half written when we look: then the old one holds. */
  #reread(): void {
    const changedMs = statSync(this.#path, { throwIfNoEntry: false })?.mtimeMs;
    if (changedMs === undefined || changedMs === this.#changedMs) return;
    const listed = parseList(readFileSync(this.#path, 'utf8'));
    if (!listed) return;
    this.#listed = listed;
    this.#changedMs = changedMs;
  }
}

function parseList(text: string): readonly ObservedProcess[] | null {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.filter(isObserved) : null;
  } catch (cause) {
    if (cause instanceof SyntaxError) return null;
    throw cause;
  }
}

function isObserved(item: unknown): item is ObservedProcess {
  return typeof item === 'object' && item !== null && 'name' in item && 'pid' in item;
}

/** Null for a process that is gone, or that belongs to somebody else. */
function readProcess(pid: number): (ProcessSample & { readonly startedTicks: number }) | null {
  const stat = readProc(pid, 'stat');
  const status = readProc(pid, 'status');
  if (stat === null || status === null) return null;
  const io = readProc(pid, 'io') ?? ''; // only our own user's may be read
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name may hold spaces; field 3 is first
  const field = (number: number): number => Number(fields[number - 3] ?? 0);
  return {
    startedTicks: field(22),
    cpuSeconds: (field(14) + field(15)) / TICKS_PER_SECOND,
    rssBytes: numberAfter(status, 'VmRSS:') * 1024,
    writtenBytes: numberAfter(io, '\nwrite_bytes:'),
    readBytes: numberAfter(io, '\nread_bytes:'),
  };
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
