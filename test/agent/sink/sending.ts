// A log in memory with a destination in front of it, for tests that play the receiver.

import type { ExecutionContext } from 'ava';
import { pino } from 'pino';
import type { EventLog } from '../../../agent/log/log.ts';
import { StaticRegistry } from '../../../agent/registry/static.ts';
import { Destination, type DestinationOptions } from '../../../agent/sink/destination.ts';
import { crowdedOptions, openOn } from '../log/crash-case.ts';
import { appendLines, sourceOf } from '../log/lines.ts';
import { ModelDisk } from '../log/model-disk.ts';
import { randomOf } from '../log/random.ts';
import { ScriptedReceiver } from './scripted-receiver.ts';

export const LOG_OPTIONS = {
  ...crowdedOptions('/model/log', 'fsync'),
  capBytes: 2 ** 30,
  keepBytes: 2 ** 30,
};

/** Of a destination that notices and tries again soon. */
export const SENDING_OPTIONS = {
  name: 'a',
  instance: 'sender',
  version: '1',
  startAt: 'oldest',
  policy: 'block',
  lagBytesMax: 2 ** 30,
  maxAgeMs: 0,
  batchBytesMax: 64 * 1024,
  lingerMs: 0,
  inflightBytesMax: 2 ** 20,
  inflightBatchesMax: 1_000,
  compression: 'none',
  compressionLevel: 1,
  connectTimeoutMs: 400,
  ackTimeoutMs: 400,
  heartbeatMs: 30,
  peerTimeoutMs: 300,
  retryMinMs: 10,
  retryMaxMs: 20,
} as const;

export interface Sending {
  readonly log: EventLog;
  readonly receiver: ScriptedReceiver;
  readonly destination: Destination;
  /** One batch of one line. */
  readonly send: (line: string) => Promise<void>;
}

export async function sending(
  t: ExecutionContext,
  limits: Partial<DestinationOptions> = {},
): Promise<Sending> {
  const log = await openOn(new ModelDisk(randomOf(1)), LOG_OPTIONS);
  const receiver = await ScriptedReceiver.open(t);
  const to = { by: 'address', address: receiver.address } as const;
  const options: DestinationOptions = { ...SENDING_OPTIONS, to, ...limits };
  const parts = { log, registry: new StaticRegistry({}), logger: pino({ level: 'silent' }) };
  const destination = await Destination.open(options, parts);
  t.teardown(async () => {
    receiver.close();
    await destination.close(0);
    await log.close();
  });
  destination.start();
  return { log, receiver, destination, send: (line) => appendLines(log, sourceOf(log), [line]) };
}
