// The keys that say how a link is protected and packed, the same on both sides as far as they go.

import { z } from 'zod';
import { count, milliseconds, plainName, text } from './scalars.ts';
import { section } from './section.ts';

const files = {
  /** PEM: the certificate of this instance, its key, and the authority whose certificates are trusted. */
  certFile: text('the path of a PEM certificate'),
  keyFile: text('the path of a PEM private key'),
  caFile: text('the path of a PEM certificate'),
};

const DAY_MS = 86_400_000;

/** Less than this before the certificate or its authority ends it is told once a day. */
const expiryWarningMs = milliseconds({ min: 0, max: 3_650 * DAY_MS }).default(30 * DAY_MS);

export const tokenFile = () => text('the path of a file with a token').optional();

export const listenTlsSchema = section({
  ...files,
  expiryWarningMs,
  /** Names that the certificate of a sender must have one of; without it, any that the authority vouches for. */
  allow: z.array(plainName()).min(1).readonly().optional(),
  /** How often the files are looked at; a new certificate holds for new connections. */
  reloadMs: milliseconds({ min: 100, max: 86_400_000 }).default(10_000),
  /** More are refused for a moment: each costs a millisecond of this process. */
  handshakesPerSecondMax: count({ max: 100_000 }).default(100),
});

export const destinationTlsSchema = section({
  ...files,
  expiryWarningMs,
  /** What the receiver's certificate must be for; by default the instance, or the host of the address. */
  name: text('an instance, a host name or an IP address').optional(),
});

export type ListenTls = z.output<typeof listenTlsSchema>;
export type DestinationTls = z.output<typeof destinationTlsSchema>;
