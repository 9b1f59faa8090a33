// Reads from an agent's /metrics how many events each of its destinations has acknowledged.

import type { Acknowledged } from './rates.ts';

const COUNTER = /^spillway_destination_events_total\{([^}]*)\} (\S+)/gm;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;
const TIMEOUT_MS = 1000;

/** null: no agent answers there. */
export async function readAcknowledged(http: string): Promise<Acknowledged | null> {
  try {
    const response = await fetch(`http://${http}/metrics`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) return null;
    return { timeMs: Date.now(), byDestination: parseAcknowledged(await response.text()) };
  } catch {
    // Down or not answering: the table shows `-`.
    return null;
  }
}

export function parseAcknowledged(metrics: string): Map<string, number> {
  const byDestination = new Map<string, number>();
  for (const [, labelText = '', value] of metrics.matchAll(COUNTER)) {
    const labels = new Map([...labelText.matchAll(LABEL)].map(([, name, text]) => [name, text]));
    const destination = labels.get('destination');
    if (destination === undefined || labels.get('outcome') !== 'acknowledged') continue;
    byDestination.set(destination, (byDestination.get(destination) ?? 0) + Number(value));
  }
  return byDestination;
}
