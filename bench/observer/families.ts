// Whose process is it? A tool may start children, and those children, in its group or out of it. Each belongs to the
// listed process that it descends from: by its parent, by its process group, or by the mark that the rig put into the
// environment, which also a daemon carries that has left everybody.
//
// /proc is listed at every look; only what is new there is read.

import { readdirSync } from 'node:fs';
import { readEnvironmentText, readStat } from './procfs.ts';
import type { ObservedProcess } from './spec.ts';

const MARKER = 'SPILLWAY_PROCESS=';

export class Families {
  /** By pid: the name of the listed process; null: a stranger. */
  #owners = new Map<number, string | null>();
  #listed: readonly ObservedProcess[] = [];

  /** The pids of every listed process and of all that descend from it; of the rig's own processes only themselves. */
  members(listed: readonly ObservedProcess[]): ReadonlyMap<number, string> {
    // Who was a stranger may be the child of one that is listed now.
    if (listed !== this.#listed)
      for (const [pid, owner] of this.#owners) if (!owner) this.#owners.delete(pid);
    this.#listed = listed;
    const roots = new Map(listed.map(({ pid, name }) => [pid, name]));
    const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
    const before = this.#owners;
    this.#owners = new Map(pids.flatMap((pid) => known(pid, roots.get(pid) ?? before.get(pid))));
    const fresh = pids.filter((pid) => !this.#owners.has(pid));
    // A child may have a lower number than its parent: once more for who was not placed.
    const left = fresh.filter((pid) => !this.#place(pid));
    for (const pid of left) if (!this.#place(pid)) this.#owners.set(pid, null);
    const owned = [...this.#owners].filter((entry): entry is [number, string] => entry[1] !== null);
    return new Map(owned);
  }

  #place(pid: number): boolean {
    const stat = readStat(pid);
    if (stat === null) return true;
    const tools = this.#listed.filter(({ group }) => group === 'tool');
    const byParent = this.#owners.get(stat.parent) ?? null;
    const owner =
      tools.find(({ name }) => name === byParent) ??
      tools.find(({ pid: leader }) => leader === stat.processGroup) ??
      this.#marked(pid, tools);
    if (owner === undefined) return false;
    this.#owners.set(pid, owner.name);
    return true;
  }

  #marked(pid: number, tools: readonly ObservedProcess[]): ObservedProcess | undefined {
    const pair = readEnvironmentText(pid)
      .split('\0')
      .find((entry) => entry.startsWith(MARKER));
    const mark = pair?.slice(MARKER.length);
    return mark === undefined ? undefined : tools.find((tool) => tool.mark === mark);
  }
}

function known(pid: number, owner: string | null | undefined): [number, string | null][] {
  return owner === undefined ? [] : [[pid, owner]];
}
