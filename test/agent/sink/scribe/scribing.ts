// A log in memory with a destination in front of it that speaks Scribe.

import type { ExecutionContext } from 'ava';
import { pino } from 'pino';
import type { EventLog } from '../../../../agent/log/log.ts';
import { StaticRegistry } from '../../../../agent/registry/static.ts';
import { Destination, type DestinationOptions } from '../../../../agent/sink/destination.ts';
import { openOn } from '../../log/crash-case.ts';
import { appendLines, sourceOf } from '../../log/lines.ts';
import { ModelDisk } from '../../log/model-disk.ts';
import { randomOf } from '../../log/random.ts';
import { LOG_OPTIONS } from '../sending.ts';

export const SCRIBE = { category: 'metrics', categories: {}, newline: 'keep', callBytesMax: 4_096 } as const;

export interface Scribing {
  readonly log: EventLog;
  readonly options: DestinationOptions;
  readonly open: (changed?: Partial<DestinationOptions>) => Promise<Destination>;
  readonly append: (lines: readonly string[], owner?: string) => Promise<void>;
}

export async function scribing(
  t: ExecutionContext,
  address: { host: string; port: number },
  limits: Partial<DestinationOptions> = {},
): Promise<Scribing> {
  const log = await openOn(new ModelDisk(randomOf(1)), LOG_OPTIONS);
  t.teardown(() => log.close());
  const options: DestinationOptions = {
    ...{ name: 'a', instance: 'sender', version: '1', startAt: 'oldest', policy: 'block' },
    to: { by: 'address', address },
    scribe: SCRIBE,
    ...{ compression: 'none', compressionLevel: 1 },
    ...{ lagBytesMax: 2 ** 30, maxAgeMs: 0, batchBytesMax: 64 * 1024, lingerMs: 0 },
    ...{ inflightBytesMax: 2 ** 20, inflightBatchesMax: 1_000 },
    ...{ connectTimeoutMs: 400, ackTimeoutMs: 400, heartbeatMs: 30, peerTimeoutMs: 300 },
    ...{ retryMinMs: 10, retryMaxMs: 20 },
    ...limits,
  };
  const open = async (changed: Partial<DestinationOptions> = {}) => {
    const parts = { log, registry: new StaticRegistry({}), logger: pino({ level: 'silent' }) };
    const destination = await Destination.open({ ...options, ...changed }, parts);
    t.teardown(() => destination.close(0));
    destination.start();
    return destination;
  };
  const append = (lines: readonly string[], owner?: string) =>
    appendLines(log, owner === undefined ? sourceOf(log) : categorySource(log, owner), lines);
  return { log, options, open, append };
}

function categorySource(log: EventLog, owner: string) {
  const key = `scribe:${owner}`;
  return log.findSource(key) ?? log.defineSource({ owner, key, identity: {}, position: 0 });
}
