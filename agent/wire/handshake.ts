// What both sides say of themselves before the first byte of data.
//
//   sender    hello {protocol, stream, lane, epoch, session, start, end, ...}
//   receiver  welcome {protocol, has, last, ...}     goes on at `has`, or at hello.start where it has nothing
//             refuse {code, message}                 and closes
//
// The receiver knows a sender by (stream, lane, epoch). `has` is the end of what it durably has of it, `last` the
// checksum of the batch that ended there, so that a sender whose log lost bytes it had already sent finds out.
// `session` rises with every connection of a lane; bytes of an older session are never appended.
//
// A lane of a cluster is `sparse`: it carries the ranges of the log that its member was given, in any order. A range has
// a sequence, which rises along the lane, and batches follow each other within it. Its `start` is 0, and where the
// receiver is, is `sequence` and then `has`.

import { z } from 'zod';
import { type Frame, protocolError } from './frame.ts';

export const PROTOCOL = 1;
/** The oldest version that is still understood. */
export const PROTOCOL_MIN = 1;
export const MESSAGE_BYTES_MAX = 16 * 1024;

const offset = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const name = z.string().min(1).max(256);
const hex32 = z.string().regex(/^[0-9a-f]{64}$/);

const helloSchema = z.object({
  protocol: z.number().int(),
  protocolMin: z.number().int(),
  stream: z.string().regex(/^[0-9a-f]{32}$/),
  /** The destination's name on the sender: two destinations at one receiver are two lanes. */
  lane: name,
  epoch: offset,
  session: offset,
  /** Where this lane begins in this epoch, and where the sender's log ends now. */
  start: offset,
  end: offset,
  /** `contiguous`: every batch begins where the last one ended. A lane of a cluster may be `sparse`. */
  mode: z.enum(['contiguous', 'sparse']),
  instance: name,
  version: name,
  /** Of a sender that has a token. */
  nonce: hex32.optional(),
  /** In which ways the sender would like to compress batches. */
  compression: z.array(z.string().max(16)).max(16).optional(),
});
export type Hello = z.infer<typeof helloSchema>;

const welcomeSchema = z.object({
  protocol: z.number().int(),
  instance: name,
  version: name,
  has: offset.nullable(),
  /** Events in [hello.start, has), as the receiver counted them. */
  hasEvents: offset,
  last: z.object({ from: offset, crc: z.number().int() }).nullable(),
  /** Of the last batch on a sparse lane; 0: none came yet. */
  sequence: offset.optional(),
  batchBytesMax: z.number().int().min(1),
  /** Batches under way at once; receivers of the first days do not say. */
  windowBatches: z.number().int().min(1).optional(),
  peerTimeoutMs: z.number().int().min(1),
  /** That the receiver has the token, too. */
  proof: hex32.optional(),
  /** Batches may be compressed so. */
  compression: z.literal('zstd').optional(),
});
export type Welcome = z.infer<typeof welcomeSchema>;

const refuseSchema = z.object({
  code: z.string().max(64),
  message: z.string().max(1024),
  /** Of `stale-session`: the one to be above. */
  session: offset.optional(),
});
export type Refusal = z.infer<typeof refuseSchema>;

const challengeSchema = z.object({ nonce: hex32 });
const proofSchema = z.object({ proof: hex32 });

export const parseChallenge = (frame: Frame) => parse(frame, challengeSchema, 'challenge');
export const parseProof = (frame: Frame) => parse(frame, proofSchema, 'proof');
export const parseHello = (frame: Frame): Hello => parse(frame, helloSchema, 'hello');
export const parseWelcome = (frame: Frame): Welcome => parse(frame, welcomeSchema, 'welcome');
export const parseRefusal = (frame: Frame): Refusal => parse(frame, refuseSchema, 'refuse');

function parse<T>(frame: Frame, schema: z.ZodType<T>, what: string): T {
  let json: unknown;
  try {
    json = JSON.parse(frame.body.toString());
  } catch {
    throw protocolError('handshake', `the ${what} of the peer is not JSON`);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw protocolError(
      'handshake',
      `the ${what} of the peer is wrong at ${issue?.path.join('.')}: ${issue?.message}`,
    );
  }
  return parsed.data;
}
