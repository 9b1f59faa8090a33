// What /healthz says. `failing` (503): somebody must act, because nothing is taken in. `degraded` (200): all moves, but
// something was lost within the last hour that nobody chose to lose, the disk is slow, a cursor cannot be written, a
// changed destination does not go on yet, or a file is held back for long. A load balancer or a supervisor that restarts
// on 503 must not do so for a loss that a restart cannot bring back.

import type { ConfigurationSnapshot } from './http/configuration.ts';
import type { Health } from './http/server.ts';
import type { EventLog } from './log/log.ts';
import type { Registry } from './registry/registry.ts';

/** A write that takes longer is told. */
const STALLED_MS = 1000;

export interface HealthParts {
  readonly log: EventLog;
  readonly registry: Registry;
  readonly sources: readonly { readonly problem: string | null; readonly heldBack?: string | null }[];
  readonly destinations: readonly {
    readonly name: string;
    readonly problem: string | null;
    readonly loss: string | null;
    readonly cursorFailure: string | null;
  }[];
  /** Destinations that do not go on with their changed configurations yet, in words. */
  readonly interruptions: readonly string[];
  readonly configuration: ConfigurationSnapshot;
}

export function healthOf(parts: HealthParts): Health {
  const { log, registry, sources, destinations, interruptions, configuration } = parts;
  const facts = log.facts();
  const reasons: string[] = [];
  if (facts.state !== 'ok') reasons.push(`the log takes nothing: ${facts.reason}`);
  for (const { problem } of sources) if (problem !== null) reasons.push(problem);
  const degraded = destinations.flatMap(({ name, loss }) => (loss === null ? [] : [`${name} ${loss}`]));
  degraded.push(...interruptions);
  for (const { name, cursorFailure } of destinations)
    if (cursorFailure !== null) degraded.push(`${name} cannot write its cursor: ${cursorFailure}`);
  for (const { heldBack = null } of sources) if (heldBack !== null) degraded.push(heldBack);
  if (facts.stalledMs >= STALLED_MS)
    degraded.push(`the disk of the log is slow: a write is under way for ${Math.round(facts.stalledMs)} ms`);
  const { events, bytes } = facts.damaged;
  if (bytes > 0)
    degraded.push(
      `${events} events (${bytes} bytes) of the log are lost to damage: its own log names the ranges, agent fsck says more; this ends when their segments expire`,
    );
  if (facts.quarantine.unknownAtOpen > 0)
    degraded.push(
      `${facts.quarantine.unknownAtOpen} bytes of segments of which nothing is known were set aside in quarantine/ at the start`,
    );
  const away = Object.fromEntries(
    destinations.flatMap(({ name, problem }) => (problem === null ? [] : [[name, problem]])),
  );
  const details = { log: facts.state, away, registry: registry.state(), configuration };
  return { reasons, degraded, details };
}
