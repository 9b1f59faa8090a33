// Makes an accepted socket read into one buffer that is used again and again, instead of a fresh 64 KiB for every read.
//
// Node offers that (`onread`) for sockets that connect, not for sockets that a server accepts; the way to it is to give
// the accepted handle to a new Socket. That rests on two names that Node does not document (`_handle` and the option
// `handle`), so where they are not what we expect, the socket is read the ordinary way: slower, never wrong.

import net from 'node:net';

interface WithHandle {
  _handle?: unknown;
}

/**
 * @param socket accepted by a server with `pauseOnConnect: true`; not to be used any more, use what is returned
 * @param buffer may be shared by all sockets of a thread: `onBytes` is done with it when it returns
 */
export function adopt(socket: net.Socket, buffer: Buffer, onBytes: (chunk: Buffer) => void): net.Socket {
  const accepted = socket as unknown as WithHandle;
  const handle = accepted._handle;
  if (handle === undefined || handle === null) return readOrdinarily(socket, onBytes);
  accepted._handle = null;
  const options = {
    handle,
    onread: {
      buffer,
      callback(bytes: number, into: Uint8Array): boolean {
        onBytes(Buffer.from(into.buffer, into.byteOffset, bytes));
        return true;
      },
    },
  };
  const adopted = new net.Socket(options as unknown as net.SocketConstructorOpts);
  socket.destroy();
  adopted.resume();
  return adopted;
}

function readOrdinarily(socket: net.Socket, onBytes: (chunk: Buffer) => void): net.Socket {
  socket.on('data', (chunk: Buffer) => onBytes(chunk));
  socket.resume();
  return socket;
}
