// A cursor that cannot be written is said once, and once more when it can be again: until then what is acknowledged is not
// known after a crash, its bytes are kept, and a cluster gives out nothing more. /healthz speaks of it meanwhile.

import type { Logger } from 'pino';
import type { Position } from './position.ts';

export function tellCursorFailure(position: Position, logger: Logger): void {
  const tell = (failure: string | null) => {
    if (failure === null) logger.info('the cursor is written again');
    else logger.error({ detail: failure }, 'cannot write the cursor, trying again');
  };
  position.onCursorFailure(tell);
  if (position.cursorFailure !== null) tell(position.cursorFailure);
}
