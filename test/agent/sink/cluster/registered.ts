// A cluster whose members a registry tells of, when the test says so: never, late, or someone else than before.

import type { ExecutionContext } from 'ava';
import { pino } from 'pino';
import type { EventLog } from '../../../../agent/log/log.ts';
import type { Instance, OnRoster, Registry } from '../../../../agent/registry/registry.ts';
import { StaticRegistry } from '../../../../agent/registry/static.ts';
import { ClusterDestination, type ClusterOptions } from '../../../../agent/sink/cluster/cluster.ts';
import { openOn } from '../../log/crash-case.ts';
import { ModelDisk } from '../../log/model-disk.ts';
import { randomOf } from '../../log/random.ts';
import type { ScriptedReceiver } from '../scripted-receiver.ts';
import { LOG_OPTIONS } from '../sending.ts';
import { clusterOptions } from './clustering.ts';

export class ToldRegistry {
  readonly registry: Registry;
  #followers: OnRoster[] = [];

  constructor() {
    const follow = (_prefix: string, onRoster: OnRoster) => {
      this.#followers.push(onRoster);
      return () => {
        this.#followers = this.#followers.filter((other) => other !== onRoster);
      };
    };
    this.registry = Object.assign(new StaticRegistry({}), { follow });
  }

  tell(...instances: readonly Instance[]): void {
    for (const follower of this.#followers) follower(instances);
  }
}

export function instanceAt(id: string, { address }: ScriptedReceiver): Instance {
  return { id, address, draining: false };
}

export async function openLog(t: ExecutionContext): Promise<EventLog> {
  const log = await openOn(new ModelDisk(randomOf(1)), LOG_OPTIONS);
  t.teardown(() => log.close());
  return log;
}

/** Begun on what the log's cursor says; the teardown closes it if the test does not. */
export async function begin(
  t: ExecutionContext,
  log: EventLog,
  registry: Registry,
  {
    prefix = '/sinks/b',
    more = {},
    link = {},
  }: { prefix?: string; more?: Partial<ClusterOptions['cluster']>; link?: Partial<ClusterOptions> } = {},
): Promise<ClusterDestination> {
  const options = clusterOptions([], { from: { by: 'prefix', prefix }, strategy: 'failover', ...more });
  const parts = { log, registry, logger: pino({ level: 'silent' }) };
  const destination = await ClusterDestination.open({ ...options, connectTimeoutMs: 10_000, ...link }, parts);
  t.teardown(() => destination.close(0));
  destination.start();
  return destination;
}
