// From when to when certificates are valid.

import type { X509Certificate } from 'node:crypto';

export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

type Some<T> = readonly [T, ...T[]];

/** All of them are valid: of a chain. */
export function firstToEnd(certificates: Some<X509Certificate>): Validity {
  const validities = certificates.map(validityOf);
  return {
    notBeforeMs: Math.max(...validities.map(({ notBeforeMs }) => notBeforeMs)),
    notAfterMs: Math.min(...validities.map(({ notAfterMs }) => notAfterMs)),
  };
}

/** At least one of them is valid, where they overlap: of authorities. */
export function lastToEnd(certificates: Some<X509Certificate>): Validity {
  const validities = certificates.map(validityOf);
  return {
    notBeforeMs: Math.min(...validities.map(({ notBeforeMs }) => notBeforeMs)),
    notAfterMs: Math.max(...validities.map(({ notAfterMs }) => notAfterMs)),
  };
}

function validityOf({ validFrom, validTo }: X509Certificate): Validity {
  return { notBeforeMs: new Date(validFrom).getTime(), notAfterMs: new Date(validTo).getTime() };
}
