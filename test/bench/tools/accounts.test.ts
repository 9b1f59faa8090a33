import test from 'ava';
import { accountOf } from '../../../bench/tools/agent/accounts.ts';
import { parseMetrics, sumOf } from '../../../bench/tools/agent/prometheus.ts';

const TEXT = `# HELP spillway_source_events_total Events by outcome
# TYPE spillway_source_events_total counter
spillway_source_events_total{source="hop",outcome="read"} 10
spillway_source_events_total{source="hop",outcome="appended"} 7
spillway_source_events_total{source="hop",outcome="suppressed"} 2
spillway_source_held_events{source="hop"} 1
spillway_source_bytes_total{source="hop",outcome="appended"} 700
spillway_source_skipped_events_total{reason="dropOldest"} 2
spillway_source_skipped_events_total{reason="peerLost"} 3
spillway_log_appended_events_total 7
spillway_log_cap_bytes 4000
spillway_log_bytes_max 900
spillway_log_syncs_total 3
spillway_log_written_bytes_total 800
spillway_destination_events_total{destination="a",outcome="appended",reason=""} 7
spillway_destination_events_total{destination="a",outcome="acknowledged",reason=""} 4
spillway_destination_events_total{destination="a",outcome="dropped",reason="peerLost"} 1
spillway_destination_events_total{destination="a",outcome="dropped",reason="lag"} 1
spillway_destination_buffered_events{destination="a"} 1
spillway_destination_buffered_bytes{destination="a"} 100
spillway_destination_connected{destination="a"} 1
spillway_member_connected{destination="a",member="a1"} 1
spillway_member_connected{destination="a",member="a2"} 0
spillway_member_connected{destination="b",member="b1"} 1
spillway_destination_had_events_total{destination="a"} 3
spillway_destination_in_doubt_events{destination="a",member="a1"} 20
spillway_destination_in_doubt_events{destination="a",member="a2"} 4
odd{text="a \\"b\\" {c}, d=\\"e\\""} 1.5e3
`;

test("the agent's counters become the books of a node", (t) => {
  t.deepEqual(accountOf(parseMetrics(TEXT)), {
    sources: [
      {
        ...{ name: 'hop', read: 10, appended: 7, suppressed: 2, quarantined: 0, refused: 0, held: 1 },
        appendedBytes: 700,
      },
    ],
    logAppended: 7,
    skippedByPeers: 5,
    log: { capBytes: 4000, bytesMax: 900, syncs: 3, writtenBytes: 800 },
    destinations: [
      {
        ...{ name: 'a', appended: 7, acknowledged: 4, buffered: 1, dropped: 2, skipped: 0 },
        bufferedBytes: 100,
        members: { a1: true, a2: false },
        had: 3,
        orphaned: false,
        inDoubt: 24,
        connected: true,
        reasons: { peerLost: 1, lag: 1 },
      },
    ],
  });
});

test('labels may hold quotes, braces and commas; values may have exponents', (t) => {
  t.is(sumOf(parseMetrics(TEXT), 'odd', { text: 'a "b" {c}, d="e"' }), 1500);
});
