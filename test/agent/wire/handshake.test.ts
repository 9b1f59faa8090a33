// Handshake messages from strangers: whatever the JSON says, the answer is the message or a protocol error.

import { crc32 } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import { SpillwayError } from '../../../agent/errors.ts';
import { encodeMessage, FrameParser, FrameType } from '../../../agent/wire/frame.ts';
import {
  type Hello,
  MESSAGE_BYTES_MAX,
  parseHello,
  parseRefusal,
  parseWelcome,
  type Welcome,
} from '../../../agent/wire/handshake.ts';

const HELLO: Hello = {
  protocol: 1,
  protocolMin: 1,
  stream: '0123456789abcdef0123456789abcdef',
  lane: 'a',
  epoch: 1,
  session: 1,
  start: 0,
  end: 10,
  mode: 'contiguous',
  instance: 'instance1',
  version: '1',
};
const WELCOME: Welcome = {
  protocol: 1,
  instance: 'instance2',
  version: '1',
  has: 5,
  hasEvents: 1,
  last: { from: 0, crc: 7 },
  batchBytesMax: 1024,
  peerTimeoutMs: 1000,
};

function frameOf(text: string) {
  const body = Buffer.from(text);
  const type = FrameType.hello;
  return {
    header: {
      type,
      flags: 0,
      bodyBytes: body.length,
      plainBytes: 0,
      from: 0,
      to: 0,
      sequence: 0,
      events: 0,
      crc: crc32(body),
      credit: 0,
    },
    body,
  };
}

test('a message comes back as it was said', (t) => {
  const limits = { messageBytesMax: MESSAGE_BYTES_MAX, batchBytesMax: 0 };
  const [hello] = new FrameParser(limits).push(encodeMessage(FrameType.hello, HELLO));
  const [welcome] = new FrameParser(limits).push(encodeMessage(FrameType.welcome, WELCOME, 99));
  if (hello === undefined || welcome === undefined) return t.fail();
  t.deepEqual(parseHello(hello), HELLO);
  t.deepEqual(parseWelcome(welcome), WELCOME);
  t.is(welcome.header.credit, 99);
});

test('what a later version adds is passed over', (t) => {
  t.deepEqual(parseHello(frameOf(JSON.stringify({ ...HELLO, telepathy: ['zstd'] }))), HELLO);
});

const WRONG: Partial<Record<keyof Hello, unknown[]>> = {
  stream: ['', 'x', '0123', '../../etc/passwd', 5, null],
  lane: ['', 'x'.repeat(257), 1, null],
  epoch: [-1, 1.5, '1', 2 ** 53, null],
  session: [-1, 0.5, null],
  start: [-1, 2 ** 60],
  end: [-1, Number.NaN],
  mode: ['', 'both', null],
  protocol: ['1', 1.5, null],
};

test('every wrong field is named', (t) => {
  for (const [key, values] of Object.entries(WRONG)) {
    for (const value of values) {
      const text = JSON.stringify({ ...HELLO, [key]: value });
      const error = t.throws(() => parseHello(frameOf(text)), { code: 'protocol' }, text);
      t.true(error?.message.includes(key), error?.message);
    }
  }
});

test('anything else is refused and never crashes', (t) => {
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((json) => json.slice(1)),
  );
  fc.assert(
    fc.property(texts, fc.constantFrom(parseHello, parseWelcome, parseRefusal), (text, parse) => {
      try {
        parse(frameOf(text));
        return false;
      } catch (error) {
        return error instanceof SpillwayError && error.data['reason'] === 'handshake';
      }
    }),
    { numRuns: 5000 },
  );
  t.pass();
});
