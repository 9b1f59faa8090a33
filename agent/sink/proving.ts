// The sender's half of proving that both sides have one token: see wire/token.ts. Not a byte of a batch is sent to a
// receiver that has not proved it.

import { SpillwayError } from '../errors.ts';
import { encodeMessage, type Frame, FrameType, HEADER_BYTES } from '../wire/frame.ts';
import { type Hello, parseChallenge, type Welcome } from '../wire/handshake.ts';
import { type Exchange, isProof, newNonce, proofOf } from '../wire/token.ts';

export class Proving {
  readonly #token: Buffer;
  readonly #nonce = newNonce();
  #hello: Buffer = Buffer.alloc(0);
  #exchange: Exchange | null = null;

  constructor(token: Buffer) {
    this.#token = token;
  }

  /** The frame of a hello that lets the receiver ask. */
  hello(hello: Hello): Buffer {
    const frame = encodeMessage(FrameType.hello, { ...hello, nonce: this.#nonce });
    this.#hello = frame.subarray(HEADER_BYTES);
    return frame;
  }

  /** @throws SpillwayError `protocol` */
  answer(frame: Frame): Buffer {
    const { nonce } = parseChallenge(frame);
    this.#exchange = { senderNonce: this.#nonce, receiverNonce: nonce, hello: this.#hello };
    return encodeMessage(FrameType.proof, { proof: proofOf(this.#token, 'sender', this.#exchange) });
  }

  /** @throws SpillwayError `refused` where the receiver does not have the token. */
  check({ proof }: Welcome, where: string): void {
    if (this.#exchange !== null && proof !== undefined) {
      if (isProof(proof, proofOf(this.#token, 'receiver', this.#exchange))) return;
    }
    const text = `${where} does not prove that it has the token: is it the right one, and set as tokenFile there?`;
    throw new SpillwayError('refused', text, { retryable: true, data: { reason: 'not-authorized' } });
  }
}
