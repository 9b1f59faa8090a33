// Says in the agent's own log, once a day, when a certificate of a link or the authority that it trusts comes to its
// end, and that it has; how long there is stands in /metrics. Looked at is what is in the files, or was when they were
// last in order: that is what every new connection uses.

import type { Logger } from 'pino';
import type { AgentConfig } from './config/schema.ts';
import type { CertificateSnapshot } from './http/snapshot.ts';
import { IDENTITY_STAYS, type Identity, type IdentityFiles, keepIdentity } from './wire/identity.ts';
import type { Kept } from './wire/kept.ts';
import type { Validity } from './wire/validity.ts';

type Links = Pick<AgentConfig, 'sources' | 'destinations'>;
type Tls = IdentityFiles & { readonly expiryWarningMs: number };

interface Watched {
  readonly link: string;
  readonly tls: Tls;
  readonly identity: Kept<Identity>;
}

interface Certificate {
  readonly link: string;
  readonly certificate: 'own' | 'authority';
  readonly file: string;
  readonly validity: Validity;
  readonly expiryWarningMs: number;
}

const LOOK_MS = 60_000;
const DAY_MS = 86_400_000;

export class CertificateWatch {
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  #watched: readonly Watched[] = [];
  /** When it was told last, by what was told. */
  readonly #toldAt = new Map<string, number>();

  constructor(logger: Logger, now: () => number = Date.now) {
    this.#logger = logger;
    this.#now = now;
    this.#timer = setInterval(() => void this.look(), LOOK_MS).unref();
  }

  /** From now on the links of this configuration. Resolves when they were looked at; never rejects. */
  async follow(config: Links): Promise<void> {
    this.#watched = linksIn(config).map(([link, tls]) => ({
      link,
      tls,
      identity: keepIdentity(tls, (error) => this.#tellUnused(link, error)),
    }));
    await this.look();
  }

  /** Never rejects. */
  async look(): Promise<void> {
    // what was never in order has told so itself
    await Promise.all(this.#watched.map(({ identity }) => identity.refresh().catch(() => undefined)));
    for (const certificate of this.#certificates()) this.#tell(certificate);
  }

  snapshot(): CertificateSnapshot[] {
    return this.#certificates().map(({ link, certificate, validity }) => ({
      link,
      certificate,
      secondsLeft: Math.round((validity.notAfterMs - this.#now()) / 1000),
    }));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** A listener tells it by itself; a destination that is connected would only when it connects again. */
  #tellUnused(link: string, { message: detail }: Error): void {
    if (link.startsWith('destinations.')) this.#logger.warn({ link, detail }, IDENTITY_STAYS);
  }

  #certificates(): Certificate[] {
    return this.#watched.flatMap(({ link, tls, identity: { value } }) => {
      if (value === null) return [];
      const { certFile, caFile, expiryWarningMs } = tls;
      return [
        { link, certificate: 'own', file: certFile, validity: value.own, expiryWarningMs },
        { link, certificate: 'authority', file: caFile, validity: value.authority, expiryWarningMs },
      ] satisfies Certificate[];
    });
  }

  #tell({ link, certificate, file, validity, expiryWarningMs }: Certificate): void {
    const { notBeforeMs, notAfterMs } = validity;
    const now = this.#now();
    const leftMs = notAfterMs - now;
    const data = { link, certificate, file, notAfter: new Date(notAfterMs) };
    const key = `${link} ${certificate}`;
    if (leftMs < 0) {
      this.#daily(`${key} expired`, () => this.#logger.error(data, EXPIRED[certificate]));
    } else if (notBeforeMs > now) {
      const notBefore = new Date(notBeforeMs);
      const text = 'a certificate is not valid yet: look at the clock';
      this.#daily(`${key} early`, () => this.#logger.error({ ...data, notBefore }, text));
    } else if (leftMs < expiryWarningMs) {
      const daysLeft = Math.floor(leftMs / DAY_MS);
      this.#daily(`${key} soon`, () => this.#logger.warn({ ...data, daysLeft }, ENDS_SOON[certificate]));
    }
  }

  #daily(key: string, tell: () => void): void {
    const now = this.#now();
    const last = this.#toldAt.get(key);
    // a clock that was set back is no reason to be silent for longer
    if (last !== undefined && now >= last && now - last < DAY_MS) return;
    this.#toldAt.set(key, now);
    tell();
  }
}

const EXPIRED = {
  own: 'the certificate of a link has expired, no peer takes it any more: renew it',
  authority: 'the authority of a link has expired, no peer is believed any more: replace it',
} as const;

const ENDS_SOON = {
  own: 'the certificate of a link ends soon: renew it',
  authority: 'the authority of a link ends soon: replace it',
} as const;

function linksIn({ sources, destinations }: Links): readonly (readonly [string, Tls])[] {
  const listeners = sources.filter((source) => source.type === 'listen');
  return [
    ...listeners.map(({ name, tls }) => [`sources.${name}`, tls] as const),
    ...destinations.map(({ name, tls }) => [`destinations.${name}`, tls] as const),
  ].flatMap(([link, tls]) => (tls === undefined ? [] : [[link, tls] as const]));
}
