// Whether a sender has the token that this listener asks for. Before it has proved that, it is told nothing but a nonce.

import { SpillwayError } from '../errors.ts';
import { encodeMessage, type Frame, FrameType, protocolError } from '../wire/frame.ts';
import { type Hello, parseHello, parseProof } from '../wire/handshake.ts';
import { type Exchange, isProof, newNonce, proofOf } from '../wire/token.ts';

/** A hello that may be answered with a welcome. */
export interface Authenticated {
  readonly hello: Hello;
  /** For the welcome: that we have the token, too. */
  readonly proof?: string;
}

export class Authentication {
  readonly #token: Buffer | null;
  #asked: { readonly hello: Hello; readonly exchange: Exchange } | null = null;

  constructor(token: Buffer | null) {
    this.#token = token;
  }

  /**
   * @returns who it is, or what to ask it
   * @throws SpillwayError with `data.reason`, a word for a counter
   */
  take(frame: Frame): Authenticated | { readonly ask: Buffer } {
    const { type } = frame.header;
    if (this.#asked === null && type === FrameType.hello) return this.#takeHello(frame);
    if (this.#asked !== null && type === FrameType.proof) return this.#takeProof(frame, this.#asked);
    throw tooEarly();
  }

  #takeHello(frame: Frame): Authenticated | { readonly ask: Buffer } {
    const hello = parseHello(frame);
    if (this.#token === null) return { hello };
    if (hello.nonce === undefined) throw notAuthorized();
    const receiverNonce = newNonce();
    const exchange = { senderNonce: hello.nonce, receiverNonce, hello: Buffer.from(frame.body) };
    this.#asked = { hello, exchange };
    return { ask: encodeMessage(FrameType.challenge, { nonce: receiverNonce }) };
  }

  #takeProof(frame: Frame, { hello, exchange }: { hello: Hello; exchange: Exchange }): Authenticated {
    if (this.#token === null) throw notAuthorized();
    if (!isProof(parseProof(frame).proof, proofOf(this.#token, 'sender', exchange))) throw notAuthorized();
    return { hello, proof: proofOf(this.#token, 'receiver', exchange) };
  }
}

export function tooEarly(): SpillwayError {
  return protocolError('handshake', 'the peer sent data before the handshake was over');
}

/** The same for whatever was wrong: what was expected is nobody's business. */
function notAuthorized(): SpillwayError {
  return new SpillwayError('refused', 'not authorized', { data: { reason: 'not-authorized' } });
}
