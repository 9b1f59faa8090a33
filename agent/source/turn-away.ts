// Tells a sender why its certificate is not taken, and closes. Node verifies a certificate once the handshake of TLS is
// over, when there is no alert any more that could say it; so it is said in a frame, within TLS. Only to one who says
// hello as a sender does: anybody else learns nothing.
//
// Nobody who is turned away may have us decrypt more than a hello, or keep its place for longer than an answer takes.

import type tls from 'node:tls';
import { type CertificateFault, saidByReceiver } from '../wire/certificate-fault.ts';
import { encodeMessage, FrameParser, FrameType, HEADER_BYTES } from '../wire/frame.ts';
import { MESSAGE_BYTES_MAX } from '../wire/handshake.ts';

const HELLO_BYTES_MAX = HEADER_BYTES + MESSAGE_BYTES_MAX;
/** A sender closes when it is told; the answer is on its way by then, whoever closes. */
const LINGER_MS = 300;

/** @param withinMs for the hello, which a sender says right behind its part of the TLS handshake */
export function turnAway(socket: tls.TLSSocket, fault: CertificateFault, withinMs: number): void {
  let timer = setTimeout(() => socket.destroy(), withinMs);
  let bytes = 0;
  let isTold = false;
  socket.once('close', () => clearTimeout(timer));
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > HELLO_BYTES_MAX || (!isTold && !isHello(chunk))) {
      socket.destroy();
      return;
    }
    // the rest of the hello is read, and thrown away: what is unread when it closes could cost the sender the answer
    if (isTold) return;
    isTold = true;
    clearTimeout(timer);
    timer = setTimeout(() => socket.destroy(), Math.min(withinMs, LINGER_MS));
    socket.end(encodeMessage(FrameType.refuse, { code: fault, message: saidByReceiver(fault) }));
  });
}

/** Its header is looked at, and nothing behind it. */
function isHello(chunk: Buffer): boolean {
  let first: FrameType | null = null;
  const parser = new FrameParser({
    messageBytesMax: MESSAGE_BYTES_MAX,
    batchBytesMax: 0,
    onHeader: (type) => {
      first ??= type;
    },
  });
  try {
    parser.push(chunk).next();
  } catch {
    return false;
  }
  return first === FrameType.hello;
}
