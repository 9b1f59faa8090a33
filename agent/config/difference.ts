// What a configuration changes in one that is in effect: what is applied while the agent runs, and what needs a
// restart. Starting is changing from nothing, so that there is one path for both. Pure.

import { isDeepStrictEqual } from 'node:util';
import { type AgentConfig, type DestinationConfig, isDraining, type SourceConfig } from './schema.ts';

export interface Change<T> {
  readonly added: readonly T[];
  readonly changed: readonly T[];
  /** By name. */
  readonly removed: readonly string[];
}

export interface ConfigChange {
  readonly sources: Change<SourceConfig>;
  readonly destinations: Change<DestinationConfig>;
  readonly isEmpty: boolean;
}

/** Sections that are read at the start only. */
const FIXED = ['id', 'role', 'log', 'registry', 'http'] as const;
/** As a user writes them, where that is not what they are called here. */
const WRITTEN: Readonly<Record<string, string>> = { keepAgeMs: 'keepAge' };

/** Keys whose change needs a restart, as `log.dir`. */
export function fixedKeys(before: AgentConfig, after: AgentConfig): readonly string[] {
  return [
    ...FIXED.flatMap((key) => changedKeys(key, fixedPart(before)[key], fixedPart(after)[key])),
    ...before.sources.flatMap((source) => {
      const now = after.sources.find(({ name }) => name === source.name);
      return now === undefined ? [] : changedKeys(`sources.${source.name}`, source, now);
    }),
    ...registeredListener(before, after),
  ];
}

export function changeOf(before: AgentConfig | null, after: AgentConfig): ConfigChange {
  const sources = difference(before?.sources ?? [], after.sources);
  const destinations = difference(
    before?.destinations ?? [],
    after.destinations,
    // it counts for a destination that is new to the log only
    ({ startAt: _, ...rest }) => rest,
  );
  const isEmpty =
    [sources, destinations].every(
      ({ added, changed, removed }) => added.length + changed.length + removed.length === 0,
    ) &&
    isDeepStrictEqual(before?.stop, after.stop) &&
    (before !== null && isDraining(before)) === isDraining(after);
  return { sources, destinations, isEmpty };
}

function difference<T extends { readonly name: string }>(
  before: readonly T[],
  after: readonly T[],
  significant: (item: T) => unknown = (item) => item,
): Change<T> {
  const was = new Map(before.map((item) => [item.name, item]));
  const names = new Set(after.map(({ name }) => name));
  return {
    added: after.filter(({ name }) => !was.has(name)),
    changed: after.filter((item) => {
      const old = was.get(item.name);
      return old !== undefined && !isDeepStrictEqual(significant(old), significant(item));
    }),
    removed: before.filter(({ name }) => !names.has(name)).map(({ name }) => name),
  };
}

/** Whether it drains an agent says again at any time. */
function fixedPart(config: AgentConfig): AgentConfig {
  const { registry } = config;
  return registry?.type === 'etcd' ? { ...config, registry: { ...registry, draining: false } } : config;
}

function changedKeys(path: string, before: unknown, after: unknown): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isSection(before) || !isSection(after)) return [path];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => {
    const name = WRITTEN[key] ?? key;
    return isDeepStrictEqual(before[key], after[key]) ? [] : [`${path}.${name}`];
  });
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The registry was told the address of the first listener, and who looks for us goes there. */
function registeredListener(before: AgentConfig, after: AgentConfig): string[] {
  if (before.registry?.type !== 'etcd') return [];
  const first = ({ sources }: AgentConfig) => sources.find(({ type }) => type === 'listen')?.name;
  const [was, now] = [first(before), first(after)];
  return was === now ? [] : [`sources.${was ?? now ?? ''} (the listener that is registered)`];
}
