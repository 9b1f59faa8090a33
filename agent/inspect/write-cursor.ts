// A cursor that a tool has decided on, written under the lock.

import { CursorFile, type CursorState } from '../log/cursor.ts';
import type { Disk } from '../log/disk.ts';

/** Both slots, so that whatever happens to one of them, the other says the same. */
export async function writeCursor(disk: Disk, dir: string, state: CursorState): Promise<void> {
  const { destination } = state;
  const { file } = await CursorFile.open(disk, { dir, destination, durable: true, fresh: () => state });
  try {
    await file.write(state);
    await file.write(state);
  } finally {
    await file.close();
  }
}
