// Whoever sends heartbeats must not be given up between two of them.

import { when } from './broken.ts';
import type { KeyPath, Problem } from './document.ts';
import type { ListenConfig } from './schema.ts';

export function heartbeatFits(
  peer: Pick<ListenConfig, 'heartbeatMs' | 'peerTimeoutMs'>,
  path: KeyPath,
): Problem[] {
  const { heartbeatMs, peerTimeoutMs } = peer;
  return when(
    peerTimeoutMs < 2 * heartbeatMs,
    [...path, 'peerTimeoutMs'],
    `is ${peerTimeoutMs}, expected at least twice heartbeatMs (${heartbeatMs})`,
  );
}
