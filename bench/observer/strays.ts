// Files that a tool writes outside the folder of its node: there no cap holds them, no full disk reaches them, and nobody
// removes them. Seen by the descriptors that its processes hold open for writing, once a second: what is opened and
// closed in between is missed.

import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { sep } from 'node:path';
import type { ObservedProcess, Stray } from './spec.ts';

const LOOK_MS = 1000;
/** More of them say nothing new. */
const STRAYS_MAX = 20;
const WRITABLE_MASK = 0o3;
const NO_FILES = ['/dev/', '/proc/', '/sys/', '/memfd:'];

export class Strays {
  readonly #found = new Map<string, Stray>();
  /** Descriptors that were looked at: `pid fd path`. */
  #looked = new Set<string>();
  #nextMs = 0;

  get found(): readonly Stray[] {
    return [...this.#found.values()];
  }

  look(nowMs: number, members: ReadonlyMap<number, string>, listed: readonly ObservedProcess[]): void {
    if (nowMs < this.#nextMs || this.#found.size >= STRAYS_MAX) return;
    this.#nextMs = nowMs + LOOK_MS;
    const homes = new Map(
      listed.flatMap(({ name, home }) => (home === undefined ? [] : [[name, real(home)]])),
    );
    const looked = new Set<string>();
    for (const [pid, name] of members) {
      const home = homes.get(name);
      if (home === undefined) continue;
      for (const [key, fd, path] of descriptorsOf(pid)) {
        looked.add(key);
        if (this.#looked.has(key) || path.startsWith(home + sep)) continue;
        if (isWritable(pid, fd)) this.#found.set(path, { process: name, path, bytes: sizeOf(pid, fd) });
      }
    }
    this.#looked = looked;
  }
}

function descriptorsOf(pid: number): (readonly [key: string, fd: string, path: string])[] {
  return attempt(() => readdirSync(`/proc/${pid}/fd`), []).flatMap((fd) => {
    const path = attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`), '');
    const isFile = path.startsWith('/') && !NO_FILES.some((prefix) => path.startsWith(prefix));
    return isFile ? [[`${pid} ${fd} ${path}`, fd, path] as const] : [];
  });
}

function isWritable(pid: number, fd: string): boolean {
  const text = attempt(() => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1'), '');
  const flags = Number.parseInt(/flags:\s+(\d+)/.exec(text)?.[1] ?? '0', 8);
  const isRegular = attempt(() => statSync(`/proc/${pid}/fd/${fd}`).isFile(), false);
  return isRegular && (flags & WRITABLE_MASK) !== 0;
}

function sizeOf(pid: number, fd: string): number {
  return attempt(() => statSync(`/proc/${pid}/fd/${fd}`).size, 0);
}

function real(folder: string): string {
  return attempt(() => realpathSync(folder), folder);
}

/** Processes and descriptors go while they are looked at. */
function attempt<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch (cause) {
    if ('code' in (cause as object)) return otherwise;
    throw cause;
  }
}
