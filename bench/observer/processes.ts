// What the listed processes cost, each with all that descends from it, from /proc. Counters are cumulative by name and
// go on over a restart: a new pid begins at zero and is added. What a listed process used between the last sample and
// its death is not seen; what a child used is, once its parent has waited for it.

import { readFileSync, statSync } from 'node:fs';
import { Families } from './families.ts';
import { type ProcessCosts, readCosts, uptimeTicks } from './procfs.ts';
import type { ObservedProcess, Sample } from './spec.ts';

type ProcessSample = Sample['processes'][string];
type Counters = Pick<ProcessCosts, 'cpuSeconds' | 'reapedSeconds' | 'writtenBytes' | 'readBytes'>;
interface Seen extends ProcessCosts {
  readonly pid: number;
  readonly name: string;
}
const NOTHING: ProcessSample = { cpuSeconds: 0, rssBytes: 0, writtenBytes: 0, readBytes: 0 };
const NONE: Counters = { cpuSeconds: 0, reapedSeconds: 0, writtenBytes: 0, readBytes: 0 };
/** Times come in hundredths of a second. */
const TICK_SECONDS = 0.011;

export class Processes {
  readonly #path: string;
  readonly #startedTicks = uptimeTicks();
  readonly #families = new Families();
  #changedMs = -1;
  #listed: readonly ObservedProcess[] = [];
  #members: ReadonlyMap<number, string> = new Map();
  readonly #totals = new Map<string, ProcessSample>();
  /** By pid and start time, so that a pid that is used again is another process. */
  #last = new Map<string, Seen>();

  constructor(path: string) {
    this.#path = path;
  }

  get listed(): readonly ObservedProcess[] {
    return this.#listed;
  }

  /** By pid: whose it is. As of the last sample. */
  get members(): ReadonlyMap<number, string> {
    return this.#members;
  }

  sample(): Sample['processes'] {
    this.#reread();
    this.#members = this.#families.members(this.#listed);
    for (const [name, total] of this.#totals) this.#totals.set(name, { ...total, rssBytes: 0 });
    const seen = new Map<string, Seen>();
    for (const [pid, name] of this.#members) {
      const costs = readCosts(pid);
      if (costs !== null) seen.set(`${pid}:${costs.startedTicks}`, { ...costs, pid, name });
    }
    const gone = [...this.#last].filter(([key]) => !seen.has(key)).map(([, last]) => last);
    const tools = new Set(this.#listed.filter(({ group }) => group === 'tool').map(({ name }) => name));
    for (const [key, now] of seen) {
      const before = this.#last.get(key) ?? (now.startedTicks < this.#startedTicks ? now : NONE);
      // The rig's processes start those of the tool: what they wait for is not theirs.
      const children = tools.has(now.name) ? gone.filter(({ parent }) => parent === now.pid) : null;
      this.#add(now, before, children);
    }
    this.#last = seen;
    return Object.fromEntries(this.#totals);
  }

  #add(now: Seen, before: Counters, goneChildren: readonly Seen[] | null): void {
    const total = this.#totals.get(now.name) ?? NOTHING;
    const sum = (of: (child: Seen) => number) =>
      (goneChildren ?? []).reduce((all, child) => all + of(child), 0);
    const reaped = now.reapedSeconds - before.reapedSeconds;
    const seenOfThem = sum(({ cpuSeconds, reapedSeconds }) => cpuSeconds + reapedSeconds);
    // Who ignores SIGCHLD is told nothing of its children: then nothing of theirs is in its own counters.
    const isWaitedFor = reaped + TICK_SECONDS * (goneChildren?.length ?? 0) >= seenOfThem;
    const unseen = goneChildren === null ? 0 : Math.max(0, reaped - seenOfThem);
    const rise = (part: 'writtenBytes' | 'readBytes') =>
      Math.max(0, now[part] - before[part] - (isWaitedFor ? sum((child) => child[part]) : 0));
    this.#totals.set(now.name, {
      cpuSeconds: total.cpuSeconds + now.cpuSeconds - before.cpuSeconds + unseen,
      rssBytes: total.rssBytes + now.rssBytes,
      writtenBytes: total.writtenBytes + rise('writtenBytes'),
      readBytes: total.readBytes + rise('readBytes'),
    });
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
