// What nobody should send, made from a seed: sessions with one thing changed, and bytes that were never a session. With
// each comes what of it may arrive in the log, as a receiver of the written protocol would take it (`takes`): that
// shares no code with the agent.

import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { encodeHeader, encodeMessage, FrameType } from '../../../../agent/wire/frame.ts';
import type { Hello } from '../../../../agent/wire/handshake.ts';
import { batchOf, helloFrom } from './listening.ts';

export type Random = () => number;

export interface HostileCase {
  readonly kind: string;
  /** Sent first; the rest waits for a welcome where there is one to wait for. */
  readonly hello: Buffer;
  readonly rest: Buffer;
  /** Sent without waiting for a welcome. */
  readonly atOnce: boolean;
  readonly frames: number;
  /** What arrives where the hello is taken, event after event. */
  readonly arrives: readonly string[];
}

const HEADER_BYTES = 64;

const below = (random: Random, limit: number) => Math.floor(random() * limit);
const oneOf = <T>(random: Random, items: readonly T[]): T => items[below(random, items.length)] as T;

/** Frames of a good sender, each batch of one or more events that begin with the number of the case. */
export function goodFrames(random: Random, number: number): Buffer[] {
  let at = 0;
  return Array.from({ length: 2 + below(random, 14) }, (_, index) => {
    const kind = random();
    if (kind < 0.1) return encodeHeader({ type: FrameType.beat });
    if (kind < 0.2) {
      const to = at + 1 + below(random, 1_000);
      const skip = encodeHeader({ type: FrameType.skip, from: at, to, events: 3, flags: 1, sequence: index });
      at = to;
      return skip;
    }
    const events = Array.from(
      { length: 1 + below(random, 4) },
      (_, event) => `c${number} ${index}.${event} ${'x'.repeat(below(random, 120))}\n`,
    ).join('');
    const batch = batchOf(at, events, { sequence: index + 1 });
    at += events.length;
    return batch;
  });
}

type Mutation = (frames: Buffer[], random: Random) => Buffer[];

const FIELDS = [2, 3, 4, 8, 16, 24, 36, 40, 48] as const;

/** The checksums say that it is as it was meant. */
function seal(frame: Buffer): Buffer {
  if (frame.length > HEADER_BYTES) frame.writeUInt32LE(crc32(frame.subarray(HEADER_BYTES)), 36);
  frame.writeUInt32LE(crc32(frame.subarray(0, 60)), 60);
  return frame;
}

function onOne(change: (frame: Buffer, random: Random) => Buffer): Mutation {
  return (frames, random) => {
    const index = below(random, frames.length);
    return frames.map((frame, at) => (at === index ? change(Buffer.from(frame), random) : frame));
  };
}

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  byte: onOne((frame, random) => {
    const at = below(random, frame.length);
    frame[at] = (frame[at] ?? 0) ^ (1 + below(random, 255));
    return frame;
  }),
  field: onOne((frame, random) => {
    const at = oneOf(random, FIELDS);
    const value = oneOf(random, [0, 1, 0xff, below(random, 256), (frame[at] ?? 0) + 1]) & 0xff;
    frame[at] = value;
    frame.writeUInt32LE(crc32(frame.subarray(0, 60)), 60);
    return frame;
  }),
  large: onOne((frame, random) => {
    const at = oneOf(random, [8, 16, 24, 40, 48]);
    frame.writeUInt32LE(oneOf(random, [0xffffffff, 0x200000, 0x1fffff]), at + 4);
    frame.writeUInt32LE(crc32(frame.subarray(0, 60)), 60);
    return frame;
  }),
  length: onOne((frame, random) => {
    const announced = oneOf(random, [0, 1, 65_536, 65_537, 0xffffffff, below(random, 2_000)]);
    frame.writeUInt32LE(announced, 4);
    frame.writeUInt32LE(crc32(frame.subarray(0, 60)), 60);
    return frame;
  }),
  payload: onOne((frame, random) => {
    if (frame.length === HEADER_BYTES) return frame;
    // behind the beginning of the first event, so that it still says whose it is
    const at = Math.min(frame.length - 1, HEADER_BYTES + 16 + below(random, 100));
    frame[at] = oneOf(random, [0, 0x58, 0xff, 10]);
    return seal(frame);
  }),
  truncated: onOne((frame, random) => frame.subarray(0, below(random, frame.length))),
  cut: (frames, random) => {
    const all = Buffer.concat(frames);
    return [all.subarray(0, below(random, all.length))];
  },
  dropped: (frames, random) => {
    const index = below(random, frames.length);
    return frames.filter((_, at) => at !== index);
  },
  reordered: (frames, random) => {
    const swapped = [...frames];
    const index = below(random, Math.max(1, frames.length - 1));
    swapped.splice(index, 2, ...frames.slice(index, index + 2).reverse());
    return swapped;
  },
  repeated: (frames, random) => {
    const index = below(random, frames.length);
    return frames.toSpliced(index, 0, ...Array<Buffer>(1 + below(random, 3)).fill(frames[index] as Buffer));
  },
  inserted: (frames, random) =>
    frames.toSpliced(below(random, frames.length), 0, randomBytes(1 + below(random, 200))),
  foreign: (frames, random) => {
    const type = oneOf(random, [FrameType.hello, FrameType.welcome, FrameType.refuse, FrameType.ack]);
    const frame = random() < 0.5 ? encodeHeader({ type, to: 5 }) : encodeMessage(type, { code: 'x' });
    return frames.toSpliced(below(random, frames.length), 0, frame);
  },
  none: (frames) => frames,
  bye: (frames, random) =>
    frames.toSpliced(1 + below(random, frames.length), 0, encodeHeader({ type: FrameType.bye })),
};

const HELLOS: readonly ((random: Random) => Buffer)[] = [
  (random) => randomBytes(1 + below(random, 4_000)),
  (random) => Buffer.concat([Buffer.from([0x53, 0x57]), randomBytes(below(random, 200))]),
  () => Buffer.from('GET / HTTP/1.1\r\n\r\n'),
  () => encodeMessage(FrameType.hello, helloFrom({ protocol: 99, protocolMin: 98 })),
  () => encodeMessage(FrameType.hello, { ...helloFrom(), epoch: -1 }),
  () => encodeMessage(FrameType.hello, { ...helloFrom(), stream: { $ne: null } }),
  () => encodeMessage(FrameType.hello, JSON.parse('{"__proto__":{"admin":true}}') as object),
  () => encodeMessage(FrameType.hello, { ...helloFrom(), lane: 'x'.repeat(20_000) }),
  () => encodeMessage(FrameType.hello, JSON.parse('['.repeat(4_000) + ']'.repeat(4_000)) as object),
  (random) => {
    const hello = encodeMessage(FrameType.hello, helloFrom());
    return hello.subarray(0, below(random, hello.length));
  },
  (random) => {
    const hello = Buffer.from(encodeMessage(FrameType.hello, helloFrom()));
    hello[HEADER_BYTES + below(random, hello.length - HEADER_BYTES)] = below(random, 256);
    return random() < 0.5 ? seal(hello) : hello;
  },
];

export function hostileCase(random: Random, number: number): HostileCase {
  const good = goodFrames(random, number);
  if (random() < 0.15) {
    const hello = oneOf(random, HELLOS)(random);
    const rest = Buffer.concat(good);
    const frames = good.length + 1;
    return { kind: 'hello', hello, rest, atOnce: false, frames, arrives: takes(rest, startIn(hello)) };
  }
  const kind = oneOf(random, Object.keys(MUTATIONS));
  const frames = MUTATIONS[kind]?.(good, random) ?? good;
  const rest = Buffer.concat(frames);
  const hello = encodeMessage(FrameType.hello, sessionOf(number));
  // the first frame behind the hello breaks the handshake, unless it says nothing
  const atOnce = random() < 0.05 && (rest[2] ?? 0) !== FrameType.beat && rest.length >= HEADER_BYTES;
  return { kind, hello, rest, atOnce, frames: frames.length + 1, arrives: atOnce ? [] : takes(rest) };
}

export function sessionOf(number: number, session = 1): Hello {
  return helloFrom({ stream: number.toString(16).padStart(32, '0'), session });
}

/** Where the sender says that it begins; a change of one byte may have changed that. */
function startIn(hello: Buffer): bigint {
  const [, start = '0'] = /"start":(\d+),/.exec(hello.toString('latin1')) ?? [];
  return BigInt(start);
}

/** The events of these frames that a receiver appends, up to the first frame that breaks the protocol. */
export function takes(bytes: Buffer, start = 0n): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const events: string[] = [];
  let next = start;
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const head = bytes.subarray(at, at + HEADER_BYTES);
    const u64 = (offset: number) => view.getBigUint64(at + offset, true);
    const sound = head.readUInt16LE(0) === 0x5753 && crc32(head.subarray(0, 60)) === head.readUInt32LE(60);
    if (!sound || [8, 16, 24, 40, 48].some((offset) => u64(offset) >= 1n << 53n)) return events;
    const type = head.readUInt8(2);
    const length = head.readUInt32LE(4);
    const [from, to] = [u64(8), u64(16)];
    if (type === 7 && length === 0) {
      at += HEADER_BYTES;
      continue;
    }
    if (type === 5 && length === 0 && to > from && (to <= next || from === next)) {
      if (to > next) next = to;
      at += HEADER_BYTES;
      continue;
    }
    // a compressed batch, which was not agreed
    const isPacked = type === 4 && (head.readUInt8(3) & 1) !== 0;
    if (
      type !== 4 ||
      isPacked ||
      length === 0 ||
      length > 65_536 ||
      at + HEADER_BYTES + length > bytes.length
    )
      return events;
    const body = bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
    const lines = body.toString('latin1').split('\n');
    const whole = lines.pop() === '' && BigInt(lines.length) === u64(48) && to - from === BigInt(length);
    if (!whole || crc32(body) !== head.readUInt32LE(36)) return events;
    if (to > next) {
      if (from !== next) return events;
      next = to;
      events.push(...lines);
    }
    at += HEADER_BYTES + length;
  }
  return events;
}
