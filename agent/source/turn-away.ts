// Tells a sender why its certificate is not taken, and closes. Node verifies a certificate once the handshake of TLS is
// over, when there is no alert any more that could say it; so it is said in a frame, within TLS. Only to one who says
// hello as a sender does: anybody else learns nothing.

import type tls from 'node:tls';
import { type CertificateFault, saidByReceiver } from '../wire/certificate-fault.ts';
import { encodeMessage, FrameParser, FrameType } from '../wire/frame.ts';
import { MESSAGE_BYTES_MAX } from '../wire/handshake.ts';

/** @param withinMs for the hello, which a sender says right behind its part of the TLS handshake, and for the answer */
export function turnAway(socket: tls.TLSSocket, fault: CertificateFault, withinMs: number): void {
  const timer = setTimeout(() => socket.destroy(), withinMs);
  socket.once('close', () => clearTimeout(timer));
  socket.on('error', () => undefined);
  socket.once('data', (chunk: Buffer) => {
    if (!isHello(chunk)) {
      socket.destroy();
      return;
    }
    // read on, and thrown away: what is unread when it closes could cost the sender the answer
    socket.resume();
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
