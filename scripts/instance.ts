// Which instance is this: the record `instance.json` that every instance's folder has. The shell's own instance
// (scripts/enter sets SPILLWAY_INSTANCE_DIR) comes first, else the folder we stand in or one above it.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export const INSTANCE_FILE = 'instance.json';
/** Event files, unless the record has globs of its own. */
const EVENT_FILES = ['*.log'] as const;

export interface Instance {
  readonly id: string;
  /** The folder with instance.json. */
  readonly dir: string;
  readonly eventsDir: string;
  /** Globs on the base name. */
  readonly include: readonly string[];
  /** host:port of the agent's HTTP port; null for tools that have none. */
  readonly http: string | null;
}

/** null: not inside an instance. Throws on a record that cannot be understood. */
export function findInstance(start: string, environment: NodeJS.ProcessEnv): Instance | null {
  const entered = environment['SPILLWAY_INSTANCE_DIR'];
  if (entered !== undefined && entered !== '') return readInstance(entered);
  return instanceAbove(start);
}

/** The instance whose folder holds `start`. */
export function instanceAbove(start: string): Instance | null {
  for (let dir = resolve(start); ; dir = dirname(dir)) {
    if (existsSync(join(dir, INSTANCE_FILE))) return readInstance(dir);
    if (dir === dirname(dir)) return null;
  }
}

function readInstance(dir: string): Instance {
  const file = join(dir, INSTANCE_FILE);
  const record = new Map(Object.entries(readJson(file)));
  const [id, eventsDir] = [record.get('id'), record.get('eventsDir')];
  if (typeof id !== 'string' || typeof eventsDir !== 'string') {
    throw new Error(`cannot use ${file}: expected the texts "id" and "eventsDir"`);
  }
  const [include, http] = [record.get('include'), record.get('http')];
  return {
    id,
    dir,
    eventsDir: resolve(dir, eventsDir),
    include: Array.isArray(include) ? include.map(String) : EVENT_FILES,
    http: typeof http === 'string' ? http : null,
  };
}

function readJson(file: string): object {
  try {
    return Object(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new Error(`cannot read ${file}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
