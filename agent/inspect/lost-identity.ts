// The finding of a log whose identity.json does not say which stream it is.

import type { Disk } from '../log/disk.ts';
import { type Traces, tracesOf } from '../log/identity.ts';
import { type Finding, NO_COST } from './finding.ts';

export async function lostIdentity(disk: Disk, dir: string, isThere: boolean): Promise<Finding> {
  return {
    kind: 'identity',
    place: 'identity.json',
    range: null,
    what: isThere ? 'it does not say which stream this log is' : 'the file is gone',
    cost: NO_COST,
    start: startWithout(await tracesOf(disk, dir)),
    mends: true,
  };
}

function startWithout({ holdsBytes, stream, namedBy }: Traces): string {
  if (!holdsBytes) return 'begins a new stream: the log is empty';
  if (stream !== null) return `restores it: the ${namedBy} name stream ${stream}`;
  return 'fails: as a new stream everything that is kept would be sent again. --repair begins one all the same';
}
