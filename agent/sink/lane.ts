// What a connection carries and how it is filled: the whole log for one endpoint, or what one member of a cluster is
// given of it. The connection knows sockets, frames and time; the lane knows places, sessions and what comes next.

import type net from 'node:net';
import type { FrameHeader } from '../wire/frame.ts';
import type { Hello, Welcome } from '../wire/handshake.ts';
import type { Packer } from '../wire/packing.ts';
import type { InFlight, Place, Sent } from './inflight.ts';

export interface OutboundLane {
  /**
   * Resolves when `hello` may be said. Asked before the receiver is dialled: what has to be written down for it may take
   * its time on a slow disk, and no receiver waits for it then.
   */
  ready(): Promise<void>;
  /** Once for each connection. */
  hello(): Hello;
  /**
   * Goes on from where the receiver is; gives what is worth a warning: that it is not where it was.
   * @throws SpillwayError where it must be greeted again
   */
  resume(welcome: Welcome): Promise<string | null>;
  /** The receiver has seen this session: the next one must be above it. */
  raiseSession(session: number): void;
  sender(channel: Channel): LaneSender;
  /** The place in the lane that an acknowledgement names. */
  placeOf(header: FrameHeader): Place;
  /** Up to where the receiver has acknowledged. */
  readonly reached: Place;
  acknowledge(sent: Sent): void;
}

/** A connection as its sender sees it. */
export interface Channel {
  readonly socket: net.Socket;
  readonly inflight: InFlight;
  /** Of the receiver: a larger batch cannot be sent to it at all. */
  readonly batchBytesMax: number;
  readonly readBytesMax: number;
  /** Of the link, where the receiver takes compressed batches. */
  readonly packer: Packer | null;
  /** How long less than readBytesMax waits for more. */
  readonly lingerMs: number;
  /** Something has changed that may let the sender go on. */
  readonly onFree: () => void;
}

export interface LaneSender extends AsyncDisposable {
  /** Does one thing if there is one to do. False: nothing to do now. */
  step(): Promise<boolean>;
  /** Everything there was to send was sent. */
  readonly done: boolean;
}
