// A batch goes as it was journaled, so one that the receiver does not take can never be sent.

import { SpillwayError } from '../errors.ts';

/** @throws SpillwayError `config` where the receiver takes no batch of so many bytes */
export function refuseTooLarge(bytes: number, batchBytesMax: number): void {
  if (bytes <= batchBytesMax) return;
  throw new SpillwayError(
    'config',
    `a batch of ${bytes} bytes is more than the ${batchBytesMax} that the receiver takes: raise batchBytesMax of its listen source`,
  );
}
