// /healthz and /metrics as a scraper sees them: over a real port.

import { once } from 'node:events';
import { connect } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import type { SpillwayError } from '../../../agent/errors.ts';
import { type Health, type HttpPort, openHttp } from '../../../agent/http/server.ts';
import type { AgentSnapshot, SourceSnapshot, Tally } from '../../../agent/http/snapshot.ts';

const tally = (events: number): Tally => ({ events, bytes: events * 100 });
const NONE = tally(0);
const LIMITS = { connectionsMax: 16, requestTimeoutMs: 5_000 };

function source(name: string, read: number): SourceSnapshot {
  const counts = { read: tally(read), appended: tally(read - 10), suppressed: tally(4), held: tally(1) };
  return { name, type: 'tail', ...counts, quarantined: tally(3), refused: tally(2) };
}

function snapshotAfter(read: number): AgentSnapshot {
  return {
    id: 'instance2',
    version: '0.1.0',
    configuration: {
      generation: 3,
      sinceMs: 1_000_500,
      lastReload: { timeMs: 1_002_000, outcome: 'refused', reason: 'agent.yaml: id: needs a restart' },
      reloads: { applied: 2, unchanged: 1, refused: 4 },
    },
    sources: [
      { ...source('events', read), files: 7, heldBack: { mayBeCopy: 2, unreadable: 1 } },
      { ...source('hop', read), type: 'listen', connections: { accepted: 5, 'bad-magic': 2 } },
    ],
    log: {
      state: 'full',
      appended: tally(2 * (read - 10)),
      expired: tally(1),
      damaged: tally(7),
      bytes: 1000,
      bytesMax: 2000,
      capBytes: 3000,
      syncs: 11,
      writtenBytes: 12_345,
      quarantine: { files: 1, bytes: 10, bytesMax: 100, setAside: 30, thrownAway: 20, notKept: 5 },
      skipped: { dropOldest: tally(8) },
    },
    destinations: [
      {
        name: 'a',
        connected: true,
        appended: tally(100),
        acknowledged: tally(60),
        buffered: tally(30),
        dropped: { lag: tally(6) },
        skipped: { peerLost: tally(4) },
        orphaned: false,
        retransmits: 2,
        epoch: 1,
        interrupted: true,
        handoverFailures: 3,
      },
    ],
    certificates: [{ link: 'sources.hop', certificate: 'own', secondsLeft: -60 }],
  };
}

interface Opened {
  readonly port: HttpPort;
  readonly base: string;
  readonly errors: SpillwayError[];
}

async function open(
  t: ExecutionContext,
  {
    health = () => ({ reasons: [] }),
    snapshot = () => snapshotAfter(100),
    requestTimeoutMs = LIMITS.requestTimeoutMs,
  }: { health?: () => Health; snapshot?: () => AgentSnapshot; requestTimeoutMs?: number } = {},
): Promise<Opened> {
  const errors: SpillwayError[] = [];
  const onError = (error: SpillwayError) => void errors.push(error);
  const address = { host: '127.0.0.1', port: 0 };
  const port = await openHttp({ ...LIMITS, requestTimeoutMs, address, health, snapshot, onError });
  t.teardown(() => port.close());
  return { port, base: `http://127.0.0.1:${port.address.port}`, errors };
}

test('/healthz is 200 and ok, with who it is', async (t) => {
  const { base } = await open(t, {
    health: () => ({ reasons: [], details: { registry: { status: 'ok' } } }),
  });
  const response = await fetch(`${base}/healthz`);
  t.is(response.status, 200);
  t.regex(response.headers.get('content-type') ?? '', /^application\/json/);
  const body: unknown = await response.json();
  t.like(body, { status: 'ok', reasons: [], id: 'instance2', version: '0.1.0', registry: { status: 'ok' } });
});

test('/healthz is 503 with the reasons when somebody must act', async (t) => {
  const { base } = await open(t, { health: () => ({ reasons: ['log: no space left'] }) });
  const response = await fetch(`${base}/healthz`);
  t.is(response.status, 503);
  t.like(await response.json(), { status: 'failing', reasons: ['log: no space left'] });
});

test('/healthz is 200 and degraded for what a restart would not bring back', async (t) => {
  const { base } = await open(t, { health: () => ({ reasons: [], degraded: ['a lost 3 events'] }) });
  const response = await fetch(`${base}/healthz`);
  t.is(response.status, 200);
  t.like(await response.json(), { status: 'degraded', reasons: [], degraded: ['a lost 3 events'] });
});

test('/metrics has every public name with its labels', async (t) => {
  const { base } = await open(t);
  const response = await fetch(`${base}/metrics`);
  t.regex(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const lines = new Set((await response.text()).split('\n'));
  const expected = `
spillway_info{id="instance2",version="0.1.0"} 1
spillway_config_generation 3
spillway_config_since_seconds 1000.5
spillway_config_reloads_total{outcome="applied"} 2
spillway_config_reloads_total{outcome="unchanged"} 1
spillway_config_reloads_total{outcome="refused"} 4
spillway_config_last_reload_seconds 1002
spillway_config_last_reload_ok 0
spillway_destination_orphaned{destination="a"} 0
spillway_certificate_expires_in_seconds{link="sources.hop",certificate="own"} -60
spillway_source_events_total{source="events",outcome="read"} 100
spillway_source_events_total{source="events",outcome="appended"} 90
spillway_source_events_total{source="events",outcome="suppressed"} 4
spillway_source_events_total{source="events",outcome="quarantined"} 3
spillway_source_events_total{source="events",outcome="refused"} 2
spillway_source_held_events{source="events"} 1
spillway_source_bytes_total{source="hop",outcome="read"} 10000
spillway_source_bytes_total{source="hop",outcome="appended"} 9000
spillway_source_held_bytes{source="hop"} 100
spillway_source_files{source="events"} 7
spillway_source_files_held_back{source="events",reason="mayBeCopy"} 2
spillway_source_files_held_back{source="events",reason="unreadable"} 1
spillway_connections_total{source="hop",outcome="accepted"} 5
spillway_connections_total{source="hop",outcome="bad-magic"} 2
spillway_log_appended_events_total 180
spillway_log_appended_bytes_total 18000
spillway_log_expired_events_total 1
spillway_log_expired_bytes_total 100
spillway_log_damaged_events 7
spillway_log_damaged_bytes 700
spillway_log_bytes 1000
spillway_log_bytes_max 2000
spillway_log_cap_bytes 3000
spillway_quarantine_bytes 10
spillway_quarantine_max_bytes 100
spillway_quarantine_files 1
spillway_quarantine_bytes_total{outcome="setAside"} 30
spillway_quarantine_bytes_total{outcome="thrownAway"} 20
spillway_quarantine_bytes_total{outcome="notKept"} 5
spillway_log_syncs_total 11
spillway_log_written_bytes_total 12345
spillway_source_skipped_events_total{reason="dropOldest"} 8
spillway_log_state{state="ok"} 0
spillway_log_state{state="full"} 1
spillway_destination_events_total{destination="a",outcome="appended",reason=""} 100
spillway_destination_events_total{destination="a",outcome="acknowledged",reason=""} 60
spillway_destination_events_total{destination="a",outcome="dropped",reason="lag"} 6
spillway_destination_events_total{destination="a",outcome="skipped",reason="peerLost"} 4
spillway_destination_bytes_total{destination="a",outcome="skipped",reason="peerLost"} 400
spillway_destination_buffered_events{destination="a"} 30
spillway_destination_buffered_bytes{destination="a"} 3000
spillway_destination_connected{destination="a"} 1
spillway_destination_retransmits_total{destination="a"} 2
spillway_destination_interrupted{destination="a"} 1
spillway_destination_handover_failures_total{destination="a"} 3
spillway_destination_epoch{destination="a"} 1`;
  const missing = expected
    .trim()
    .split('\n')
    .filter((line) => !lines.has(line));
  t.deepEqual(missing, []);
  t.true([...lines].some((line) => line.startsWith('process_cpu_seconds_total ')));
  t.true([...lines].some((line) => line.startsWith('nodejs_eventloop_lag_seconds ')));
});

test('a counter shows the total of the snapshot, not the sum of the scrapes', async (t) => {
  let read = 100;
  const { base } = await open(t, { snapshot: () => snapshotAfter(read) });
  const scrape = async () => (await fetch(`${base}/metrics`)).text();
  await Promise.all([scrape(), scrape(), scrape()]);
  read = 250;
  t.true((await scrape()).includes('\nspillway_source_events_total{source="events",outcome="read"} 250\n'));
});

test('a source that is gone is gone from the metrics', async (t) => {
  let snapshot = snapshotAfter(100);
  const { base } = await open(t, { snapshot: () => snapshot });
  const scrape = async () => (await fetch(`${base}/metrics`)).text();
  t.true((await scrape()).includes('source="events"'));
  snapshot = { ...snapshot, sources: [source('other', 20)] };
  t.false((await scrape()).includes('source="events"'));
});

test('names with quotes and line ends stay one label', async (t) => {
  const snapshot = { ...snapshotAfter(100), id: 'a"b\\c\nd' };
  const { base } = await open(t, { snapshot: () => snapshot });
  t.true((await (await fetch(`${base}/metrics`)).text()).includes('{id="a\\"b\\\\c\\nd",version="0.1.0"} 1'));
});

test('negative-counter: one that is no count is left out and told, and all the others are there', async (t) => {
  const sound = snapshotAfter(100);
  const quarantine = { ...sound.log.quarantine, setAside: -895_800 };
  const snapshot = () => ({ ...sound, log: { ...sound.log, syncs: Number.NaN, quarantine } });
  const { base, errors } = await open(t, { snapshot });
  const answer = await fetch(`${base}/metrics`);
  const text = await answer.text();
  t.is(answer.status, 200);
  t.deepEqual(errors, []);
  t.regex(text, /^spillway_broken_counters 2$/m);
  t.notRegex(text, /outcome="setAside"/);
  t.notRegex(text, /^spillway_log_syncs_total /m);
  t.regex(text, /^spillway_quarantine_bytes_total\{outcome="thrownAway"\} 20$/m);
  t.regex(text, /^spillway_log_appended_events_total 180$/m);
});

test('other paths are 404, other methods 405, HEAD has no body', async (t) => {
  const { base } = await open(t);
  const missing = await fetch(`${base}/metric`);
  t.is(missing.status, 404);
  t.regex(await missing.text(), /\/healthz, \/metrics/);
  const post = await fetch(`${base}/metrics`, { method: 'POST', body: 'x' });
  t.is(post.status, 405);
  t.is(post.headers.get('allow'), 'GET, HEAD');
  const head = await fetch(`${base}/healthz?x=1`, { method: 'HEAD' });
  t.is(head.status, 200);
  t.true(Number(head.headers.get('content-length')) > 0);
  t.is(await head.text(), '');
});

test('a snapshot that fails is a 500 and an error for the log, and the port goes on', async (t) => {
  let fails = true;
  const snapshot = () => {
    if (fails) throw new Error('no numbers');
    return { ...snapshotAfter(100), sources: [], log: { ...snapshotAfter(100).log, appended: NONE } };
  };
  const { base, errors } = await open(t, { snapshot });
  t.is((await fetch(`${base}/metrics`)).status, 500);
  t.deepEqual(
    errors.map(({ message }) => message),
    ['cannot answer /metrics'],
  );
  fails = false;
  t.is((await fetch(`${base}/metrics`)).status, 200);
});

test('a port that is taken is named', async (t) => {
  const { port } = await open(t);
  const again = openHttp({
    ...LIMITS,
    address: port.address,
    health: () => ({ reasons: [] }),
    snapshot: () => snapshotAfter(100),
    onError: (error) => t.fail(error.message),
  });
  const error = await t.throwsAsync(again, { code: 'address-in-use' });
  t.regex(
    error?.message ?? '',
    /^cannot listen on 127\.0\.0\.1:\d+ for \/healthz and \/metrics: another process listens there/,
  );
});

test('an address of no interface is named', async (t) => {
  const address = { host: '192.0.2.1', port: 0 };
  const opened = openHttp({
    ...LIMITS,
    address,
    health: () => ({ reasons: [] }),
    snapshot: () => snapshotAfter(1),
    onError: (error) => t.fail(error.message),
  });
  const error = await t.throwsAsync(opened, { code: 'unreachable' });
  t.regex(error?.message ?? '', /192\.0\.2\.1:0 .*no interface of this machine/);
});

test('what is no HTTP is answered and closed, and close() does not wait for idle connections', async (t) => {
  const { port, base } = await open(t);
  const garbage = connect(port.address.port, '127.0.0.1');
  garbage.end('\0\0\0\x04 not http\r\n\r\n');
  let reply = '';
  for await (const chunk of garbage) reply += String(chunk);
  t.regex(reply, /^HTTP\/1\.1 400 /);
  const idle = connect(port.address.port, '127.0.0.1');
  t.teardown(() => idle.destroy());
  t.is((await fetch(`${base}/healthz`)).status, 200);
  await Promise.all([port.close(), port.close()]);
  await t.throwsAsync(fetch(`${base}/healthz`));
});

test('half-written-requests: hundreds of them keep nobody away who sends a whole one', async (t) => {
  const { port, base } = await open(t, { requestTimeoutMs: 60_000 });
  const halves = Array.from({ length: 300 }, () => {
    const socket = connect(port.address.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\nx-half: ');
    return socket;
  });
  t.teardown(() => {
    for (const half of halves) half.destroy();
  });
  await Promise.all(halves.map((half) => once(half, 'connect')));
  t.is((await fetch(`${base}/healthz`, { signal: AbortSignal.timeout(10_000) })).status, 200);
  t.is((await fetch(`${base}/metrics`, { signal: AbortSignal.timeout(10_000) })).status, 200);
});

test('half-written-requests: one that does not become whole in its time is closed', async (t) => {
  const { port } = await open(t, { requestTimeoutMs: 200 });
  const half = connect(port.address.port, '127.0.0.1');
  half.on('error', () => undefined);
  half.write('GET /healthz HTTP/1.1\r\n');
  half.resume();
  await once(half, 'close');
  t.pass();
});
