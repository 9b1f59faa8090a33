// A receiver that says no: what it says, and where it may not say more, what the user can do here.

import { SpillwayError } from '../errors.ts';
import type { Refusal } from '../wire/handshake.ts';

/** @param hasToken whether this side has one to prove */
export function refusedBy(where: string, { code, message }: Refusal, hasToken: boolean): SpillwayError {
  const hint = code === 'not-authorized' ? `: ${hasToken ? OTHER_TOKEN : NO_TOKEN}` : '';
  const data = { reason: code };
  return new SpillwayError('refused', `${where} refuses: ${message}${hint}`, { retryable: true, data });
}

const OTHER_TOKEN = 'the token in tokenFile is not the one that is set there';
const NO_TOKEN = 'it asks for a token, set tokenFile';
