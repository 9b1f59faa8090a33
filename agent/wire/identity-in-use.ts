// What a link with TLS uses, for those who say when it ends: nobody else knows, since new files that are not in order are
// not used.

import type { Identity, IdentityFiles } from './identity.ts';

export interface IdentityInUse {
  readonly files: IdentityFiles;
  /** What the next connection gets; null: nothing was ever in order. */
  readonly identity: Identity | null;
  /** Looks at the files, as it does before a connection; left out where that is done by a clock. */
  readonly look?: () => Promise<Identity>;
}

/** By the name that it has in the configuration: `sources.hop`. */
export interface LinkIdentity extends IdentityInUse {
  readonly link: string;
}
