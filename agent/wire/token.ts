// A secret that both ends of a link know, for those who want no certificates. It never crosses the wire: each side
// proves that it has it by an HMAC over two fresh nonces and the hello, the sender first, so that a stranger who
// connects is given nothing to guess at.
//
//   sender    hello { ..., nonce }
//   receiver  challenge { nonce }
//   sender    proof { proof: HMAC(token, "sender", both nonces, hello) }
//   receiver  welcome { ..., proof: HMAC(token, "receiver", both nonces, hello) }

import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { SpillwayError } from '../errors.ts';
import { readRegularFile } from '../regular-file.ts';

const TOKEN_BYTES_MIN = 16;
const TOKEN_BYTES_MAX = 4096;

/** A line for the log, where a file that is not in order is met. */
export const TOKEN_STAYS = 'a new token file is not used: the token read before stays in use';

/** What both proofs of one connection are about. */
export interface Exchange {
  readonly senderNonce: string;
  readonly receiverNonce: string;
  /** The hello, byte for byte as it crossed the wire. */
  readonly hello: Buffer;
}

/** @throws SpillwayError `config` */
export async function readToken(file: string): Promise<Buffer> {
  let text: string;
  try {
    text = (await readRegularFile(file, 2 * TOKEN_BYTES_MAX)).trim();
  } catch (error) {
    throw wrong(`cannot read ${file}: ${error instanceof Error ? error.message : error}`);
  }
  // of raw random bytes most would be one and the same here, and their ends blanks that are cut off
  if (text.includes('\uFFFD')) throw wrong(`the token in ${file} is not text: openssl rand -hex 32`);
  const bytes = Buffer.from(text);
  if (bytes.length < TOKEN_BYTES_MIN || bytes.length > TOKEN_BYTES_MAX) {
    const found = `the token in ${file} has ${bytes.length} bytes`;
    throw wrong(
      `${found}, expected ${TOKEN_BYTES_MIN} to ${TOKEN_BYTES_MAX} random ones: openssl rand -hex 32`,
    );
  }
  return bytes;
}

export function newNonce(): string {
  return randomBytes(32).toString('hex');
}

export function proofOf(token: Buffer, side: 'sender' | 'receiver', exchange: Exchange): string {
  const { senderNonce, receiverNonce, hello } = exchange;
  const greeting = createHash('sha256').update(hello).digest('hex');
  const text = ['spillway-token-1', side, senderNonce, receiverNonce, greeting].join('\n');
  return createHmac('sha256', token).update(text).digest('hex');
}

/** In the same time for every answer. */
export function isProof(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash('sha256').update(text).digest()) as [
    Buffer,
    Buffer,
  ];
  return timingSafeEqual(a, b);
}

function wrong(text: string): SpillwayError {
  return new SpillwayError('config', text, { retryable: true });
}
