// Says in the agent's own log, once a day, when a certificate of a link or the authority that it trusts comes to its
// end, and that it has; how long there is stands in /metrics. The links are asked what they use: what is in the files may
// be something that none of them takes.

import type { Logger } from 'pino';
import type { AgentConfig } from './config/schema.ts';
import type { CertificateSnapshot } from './http/snapshot.ts';
import type { LinkIdentity } from './wire/identity-in-use.ts';
import type { Validity } from './wire/validity.ts';

type Links = Pick<AgentConfig, 'sources' | 'destinations'>;

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
  readonly #links: () => readonly LinkIdentity[];
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  /** By link. */
  #expiryWarningMs: ReadonlyMap<string, number> = new Map();
  /** When it was told last, by what was told. */
  readonly #toldAt = new Map<string, number>();

  constructor(links: () => readonly LinkIdentity[], logger: Logger, now: () => number = Date.now) {
    this.#links = links;
    this.#logger = logger;
    this.#now = now;
    this.#timer = setInterval(() => void this.look(), LOOK_MS).unref();
  }

  /** By this configuration from now on, which is in effect. Resolves when its links were looked at; never rejects. */
  async follow(config: Links): Promise<void> {
    this.#expiryWarningMs = new Map(warningsIn(config));
    await this.look();
  }

  /** Never rejects. */
  async look(): Promise<void> {
    // one that stays connected looks at nothing, and its new files may be wrong: better told now than when it is cut;
    // what was never in order has told so itself
    await Promise.all(this.#links().map(({ look }) => look?.().catch(() => undefined)));
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

  #certificates(): Certificate[] {
    return this.#links().flatMap(({ link, files, identity }) => {
      if (identity === null) return [];
      const { own, authority } = identity;
      const expiryWarningMs = this.#expiryWarningMs.get(link) ?? 0;
      return [
        { link, certificate: 'own', file: files.certFile, validity: own, expiryWarningMs },
        { link, certificate: 'authority', file: files.caFile, validity: authority, expiryWarningMs },
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

function warningsIn({ sources, destinations }: Links): readonly (readonly [string, number])[] {
  const listeners = sources.filter((source) => source.type === 'listen');
  return [
    ...listeners.map(({ name, tls }) => [`sources.${name}`, tls] as const),
    ...destinations.map(({ name, tls }) => [`destinations.${name}`, tls] as const),
  ].flatMap(([link, tls]) => (tls === undefined ? [] : [[link, tls.expiryWarningMs] as const]));
}
