// What a destination shows its receivers, and believes them by: certificates, a token. One for all its connections,
// those to the members of a cluster included, and handed on to the destination that takes its place: a bad file changes
// nothing only where it is known what was read before it.

import type { Logger } from 'pino';
import { IDENTITY_STAYS, type Identity, type IdentityFiles, keepIdentity } from '../wire/identity.ts';
import type { IdentityInUse } from '../wire/identity-in-use.ts';
import { Kept } from '../wire/kept.ts';
import { readToken, TOKEN_STAYS } from '../wire/token.ts';

export interface CredentialFiles {
  readonly tls?: IdentityFiles | undefined;
  readonly tokenFile?: string | undefined;
}

export class Credentials {
  /** null: no TLS. */
  readonly identity: Kept<Identity> | null;
  /** null: none is asked for. */
  readonly token: Kept<Buffer> | null;
  readonly #files: CredentialFiles;

  /** @param before of the destination whose place is taken: what it read stays known where the files are the same */
  constructor(files: CredentialFiles, logger: Logger, before: Credentials | null = null) {
    const { tls, tokenFile } = files;
    const tell = (text: string) => (error: Error) => logger.warn({ detail: error.message }, text);
    this.#files = files;
    const same = before === null ? null : before.#sharedWith(files);
    if (tls === undefined) this.identity = null;
    else this.identity = same?.identity ?? keepIdentity(tls, tell(IDENTITY_STAYS));
    if (tokenFile === undefined) this.token = null;
    else this.token = same?.token ?? new Kept(() => readToken(tokenFile), tell(TOKEN_STAYS));
  }

  /** null: no TLS. */
  get inUse(): IdentityInUse | null {
    const { identity } = this;
    const { tls } = this.#files;
    if (identity === null || tls === undefined) return null;
    return { files: tls, identity: identity.value, look: () => identity.refresh() };
  }

  #sharedWith({ tls, tokenFile }: CredentialFiles): Pick<Credentials, 'identity' | 'token'> {
    const { identity, token } = this;
    return {
      identity: areSame(this.#files.tls, tls) ? identity : null,
      token: this.#files.tokenFile === tokenFile ? token : null,
    };
  }
}

function areSame(one: IdentityFiles | undefined, other: IdentityFiles | undefined): boolean {
  const { certFile, keyFile, caFile } = one ?? {};
  return certFile === other?.certFile && keyFile === other?.keyFile && caFile === other?.caFile;
}
