// The receiver's half of the handshake: whether it takes this sender, and where the sender is to go on.

import { SpillwayError } from '../errors.ts';
import type { EventLog } from '../log/log.ts';
import type { SourceState } from '../log/sources.ts';
import { type Hello, PROTOCOL, PROTOCOL_MIN, type Welcome } from '../wire/handshake.ts';
import type { Lane, LaneHolder } from './lane.ts';
import type { Lanes } from './lanes.ts';

export interface GreetingOptions {
  readonly instance: string;
  readonly version: string;
  readonly batchBytesMax: number;
  readonly windowBatches: number;
  readonly peerTimeoutMs: number;
}

export interface Greeting {
  readonly lane: Lane;
  readonly source: SourceState;
  readonly welcome: Welcome;
}

/**
 * Gives the lane to this connection. What an older connection of the lane has handed to the log settles first, which
 * takes as long as a full log stays full.
 * @returns null where a newer connection took the lane meanwhile
 * @throws SpillwayError `refused` with `data.reason`, a word for a counter
 */
export async function greet(
  hello: Hello,
  holder: LaneHolder,
  { log, lanes, options }: { log: EventLog; lanes: Lanes; options: GreetingOptions },
): Promise<Greeting | null> {
  checkProtocol(hello);
  const { state, reason } = log.facts();
  if (state === 'failing') throw refusal('log-failing', `the log cannot be written: ${reason}`);
  const lane = lanes.of(hello);
  if (lane === null) throw refusal('too-many-peers', 'peersMax senders are connected already');
  if (!lane.claim(hello.session, holder)) {
    const message = `session ${hello.session} is not newer than ${lane.session}`;
    throw refusal('stale-session', message, { session: lane.session });
  }
  await lane.settled();
  if (!lane.holds(holder)) return null;
  const remembered = await lanes.source(lane, hello);
  if (!lane.holds(holder)) return null;
  if (remembered === null) throw refusal('too-many-peers', 'peersMax senders are remembered already');
  const { source, isNew } = remembered;
  const { instance, version, batchBytesMax, windowBatches, peerTimeoutMs } = options;
  const welcome: Welcome = {
    protocol: Math.min(PROTOCOL, hello.protocol),
    instance,
    version,
    has: isNew ? null : source.position,
    hasEvents: source.events,
    last: source.lastFrom === source.position ? null : { from: source.lastFrom, crc: source.lastCrc },
    ...(hello.mode === 'sparse' ? { sequence: source.sequence } : {}),
    batchBytesMax,
    windowBatches,
    peerTimeoutMs,
  };
  return { lane, source, welcome };
}

function checkProtocol({ protocol, protocolMin }: Hello): void {
  if (protocolMin > PROTOCOL || protocol < PROTOCOL_MIN) {
    const ours = `${PROTOCOL_MIN} to ${PROTOCOL}`;
    const message = `protocol ${protocol} is not spoken here (${ours} is): upgrade the older side`;
    throw refusal('protocol-version', message);
  }
}

function refusal(
  reason: string,
  message: string,
  data: Readonly<Record<string, unknown>> = {},
): SpillwayError {
  return new SpillwayError('refused', message, { data: { ...data, reason } });
}
