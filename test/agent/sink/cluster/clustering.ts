// A log with a cluster of scripted members in front of it, for tests that play them frame by frame.

import type { ExecutionContext } from 'ava';
import { pino } from 'pino';
import type { Address } from '../../../../agent/config/address.ts';
import type { EventLog } from '../../../../agent/log/log.ts';
import { StaticRegistry } from '../../../../agent/registry/static.ts';
import { ClusterDestination, type ClusterOptions } from '../../../../agent/sink/cluster/cluster.ts';
import { openOn } from '../../log/crash-case.ts';
import { appendLines, sourceOf } from '../../log/lines.ts';
import { ModelDisk } from '../../log/model-disk.ts';
import { randomOf } from '../../log/random.ts';
import { ScriptedReceiver } from '../scripted-receiver.ts';
import { LOG_OPTIONS } from '../sending.ts';

export interface Clustering {
  readonly disk: ModelDisk;
  readonly log: EventLog;
  readonly members: readonly ScriptedReceiver[];
  readonly destination: ClusterDestination;
  /** One batch of one line. */
  readonly send: (line: string) => Promise<void>;
}

export async function clustering(
  t: ExecutionContext,
  count: number,
  more: Partial<ClusterOptions['cluster']> = {},
  link: Partial<ClusterOptions> = {},
): Promise<Clustering> {
  const disk = new ModelDisk(randomOf(1));
  const log = await openOn(disk, LOG_OPTIONS);
  const members: ScriptedReceiver[] = [];
  for (let member = 0; member < count; member++) members.push(await ScriptedReceiver.open(t));
  const addresses = members.map(({ address }) => address);
  // on a busy machine a test answers a greeting late, and means that very connection
  const options = { ...clusterOptions(addresses, more), connectTimeoutMs: 10_000, ...link };
  const parts = { log, registry: new StaticRegistry({}), logger: pino({ level: 'silent' }) };
  const destination = await ClusterDestination.open(options, parts);
  t.teardown(async () => {
    for (const member of members) member.close();
    await destination.close(0);
    await log.close();
  });
  destination.start();
  return { disk, log, members, destination, send: (line) => appendLines(log, sourceOf(log), [line]) };
}

export function clusterOptions(
  addresses: readonly Address[],
  more: Partial<ClusterOptions['cluster']> = {},
): ClusterOptions {
  return {
    name: 'b',
    instance: 'sender',
    version: '1',
    cluster: {
      strategy: 'roundRobin',
      from: {
        by: 'list',
        members: addresses.map((address, index) => ({
          name: `b${index + 1}`,
          ...address,
          draining: false,
        })),
      },
      membersMax: 64,
      probeMinMs: 10,
      probeMaxMs: 40,
      probeSuccesses: 1,
      slowStartMs: 0,
      ackTimeoutMs: 300,
      handoverMs: 100,
      rangeBytes: 4096,
      rangesMax: 16,
      inDoubtRangesMax: 16,
      ...more,
    },
    startAt: 'oldest',
    policy: 'block',
    lagBytesMax: 2 ** 30,
    maxAgeMs: 0,
    batchBytesMax: 64 * 1024,
    lingerMs: 0,
    inflightBytesMax: 2 ** 20,
    inflightBatchesMax: 1024,
    compression: 'none',
    compressionLevel: 1,
    connectTimeoutMs: 400,
    ackTimeoutMs: 400,
    heartbeatMs: 30,
    peerTimeoutMs: 5_000,
  };
}
