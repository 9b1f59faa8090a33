// What was read of a file, cut into whole events for its intake; and what becomes of a last line without its newline.

import type fs from 'node:fs/promises';
import { NEWLINE, scanEvents } from '../../bytes.ts';
import type { FileIntake } from './intake.ts';

/** Small reads are copied out, so that they do not occupy a large buffer until they are committed. */
const COPY_BYTES_MAX = 64 * 1024;

export interface Taken {
  /** There is more to read at once. */
  readonly goesOn: boolean;
  /** The chunk is in use until it is released. */
  readonly isKept: boolean;
  /** Bytes of a last line without its newline. */
  readonly held: number;
}

/** Takes the whole events of a chunk that stands where the file is read next. */
export async function takeLines(
  intake: FileIntake,
  chunk: Buffer,
  { path, eventBytesMax }: { readonly path: string; readonly eventBytesMax: number },
  release: () => void,
): Promise<Taken> {
  const whole = chunk.lastIndexOf(NEWLINE) + 1;
  if (!intake.isPassingOver && whole === 0 && chunk.length > eventBytesMax) intake.beginPassingOver();
  if (intake.isPassingOver) {
    return { goesOn: await intake.passOver(chunk, path), isKept: false, held: 0 };
  }
  const { events, tooLongAt } = scanEvents(chunk.subarray(0, whole), eventBytesMax);
  const isWhole = tooLongAt === -1;
  const good = isWhole ? whole : tooLongAt;
  const isKept = good > COPY_BYTES_MAX;
  const bytes = isKept ? chunk.subarray(0, good) : Buffer.from(chunk.subarray(0, good));
  if (good > 0) intake.append(bytes, events, path, isKept ? release : () => undefined);
  if (!isWhole) intake.beginPassingOver();
  return { goesOn: !isWhole, isKept, held: isWhole ? chunk.length - whole : 0 };
}

/** Makes an event of the line that was held, with a newline added, or sets it aside where it is too long. */
export async function takeLastLine(
  intake: FileIntake,
  handle: fs.FileHandle,
  held: number,
  { path, eventBytesMax }: { readonly path: string; readonly eventBytesMax: number },
): Promise<boolean> {
  const buffer = Buffer.alloc(held + 1, NEWLINE);
  const { bytesRead } = await handle.read(buffer, 0, held, intake.readAt);
  if (bytesRead !== held) return false;
  if (buffer.length > eventBytesMax) {
    intake.beginPassingOver();
    await intake.passOver(buffer.subarray(0, bytesRead), path);
    intake.countTooLong(path);
  } else {
    intake.append(buffer, 1, path, () => undefined, bytesRead);
  }
  return true;
}
