// The agent's own books, read from /metrics. They are cumulative over restarts, so one look at the end is enough.

import { BenchError, messageOf } from '../../run-error.ts';
import type { DestinationAccount, NodeAccount, SourceAccount, ToolAccounts, ToolNode } from '../tool.ts';
import { labelValues, type MetricSample, parseMetrics, sumOf } from './prometheus.ts';

const TIMEOUT_MS = 3000;
const SOURCE_EVENTS = 'spillway_source_events_total';
const SOURCE_BYTES = 'spillway_source_bytes_total';
const SOURCE_HELD = 'spillway_source_held_events';
const SKIPPED_BY_PEERS = 'spillway_source_skipped_events_total';
const LOG_APPENDED = 'spillway_log_appended_events_total';
const DESTINATION_EVENTS = 'spillway_destination_events_total';
const DESTINATION_BUFFERED = 'spillway_destination_buffered_events';
const DESTINATION_HAD = 'spillway_destination_had_events_total';
const DESTINATION_IN_DOUBT = 'spillway_destination_in_doubt_events';
const MEMBER_CONNECTED = 'spillway_member_connected';
const CONNECTED = 'spillway_destination_connected';

export const agentAccounts: ToolAccounts = {
  async read(node): Promise<NodeAccount> {
    return accountOf(await fetchMetrics(node));
  },
  async waitingFor(node) {
    if (node.send.length === 0) return null;
    const samples = await fetchMetrics(node).catch((error: unknown) => messageOf(error));
    if (typeof samples === 'string') return samples;
    const missing = node.send.filter(({ name }) => sumOf(samples, CONNECTED, { destination: name }) < 1);
    if (missing.length === 0) return null;
    return `${node.id} is not connected to ${missing.map(({ name }) => name).join(', ')}`;
  },
};

export function accountOf(samples: readonly MetricSample[]): NodeAccount {
  return {
    sources: labelValues(samples, SOURCE_EVENTS, 'source').map((name) => sourceAccount(samples, name)),
    logAppended: sumOf(samples, LOG_APPENDED),
    skippedByPeers: sumOf(samples, SKIPPED_BY_PEERS),
    log: {
      capBytes: sumOf(samples, 'spillway_log_cap_bytes'),
      bytesMax: sumOf(samples, 'spillway_log_bytes_max'),
      syncs: sumOf(samples, 'spillway_log_syncs_total'),
      writtenBytes: sumOf(samples, 'spillway_log_written_bytes_total'),
    },
    destinations: labelValues(samples, DESTINATION_EVENTS, 'destination').map((name) => {
      return destinationAccount(samples, name);
    }),
  };
}

function sourceAccount(samples: readonly MetricSample[], source: string): SourceAccount {
  const events = (outcome: string) => sumOf(samples, SOURCE_EVENTS, { source, outcome });
  return {
    name: source,
    read: events('read'),
    appended: events('appended'),
    suppressed: events('suppressed'),
    quarantined: events('quarantined'),
    refused: events('refused'),
    held: sumOf(samples, SOURCE_HELD, { source }),
    appendedBytes: sumOf(samples, SOURCE_BYTES, { source, outcome: 'appended' }),
  };
}

function destinationAccount(samples: readonly MetricSample[], destination: string): DestinationAccount {
  const events = (outcome: string) => sumOf(samples, DESTINATION_EVENTS, { destination, outcome });
  return {
    name: destination,
    appended: events('appended'),
    acknowledged: events('acknowledged'),
    buffered: sumOf(samples, DESTINATION_BUFFERED, { destination }),
    dropped: events('dropped'),
    skipped: events('skipped'),
    connected: sumOf(samples, CONNECTED, { destination }) > 0,
    orphaned: sumOf(samples, 'spillway_destination_orphaned', { destination }) > 0,
    ...membersOf(samples, destination),
    had: sumOf(samples, DESTINATION_HAD, { destination }),
    inDoubt: sumOf(samples, DESTINATION_IN_DOUBT, { destination }),
    bufferedBytes: sumOf(samples, 'spillway_destination_buffered_bytes', { destination }),
    reasons: Object.fromEntries(
      labelValues(samples, DESTINATION_EVENTS, 'reason')
        .filter((reason) => reason !== '')
        .map((reason) => [reason, sumOf(samples, DESTINATION_EVENTS, { destination, reason })]),
    ),
  };
}

function membersOf(
  samples: readonly MetricSample[],
  destination: string,
): Pick<DestinationAccount, 'members'> {
  const own = samples.filter(({ name, labels }) => {
    return name === MEMBER_CONNECTED && labels['destination'] === destination;
  });
  if (own.length === 0) return {};
  return { members: Object.fromEntries(own.map(({ labels, value }) => [labels['member'] ?? '', value > 0])) };
}

export async function fetchMetrics(node: ToolNode): Promise<MetricSample[]> {
  const url = `http://${node.address}:${node.httpPort}/metrics`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return parseMetrics(await response.text());
  } catch (error) {
    throw new BenchError('run', `cannot read the counters of ${node.id} at ${url}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
