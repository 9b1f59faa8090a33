// The agent's metrics in Prometheus' text format. The totals live in the log's commits, not here: every
// scrape builds its counters anew from one snapshot, so that all of them are of the same moment and
// nothing that vanished (a source, a reason) lingers. Only the process's own metrics are kept between
// scrapes. The names are public: dashboards and the bench read them.

import { collectDefaultMetrics, Registry } from 'prom-client';
import { type ConfigurationSnapshot, RELOAD_OUTCOMES } from './configuration.ts';
import { type Families, familiesIn } from './families.ts';
import {
  type AgentSnapshot,
  type CertificateSnapshot,
  type DestinationSnapshot,
  HELD_BACK,
  type LogSnapshot,
  type MemberSnapshot,
  type SourceSnapshot,
  type Tally,
} from './snapshot.ts';

export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** Metrics of this process (CPU, memory, event loop, descriptors), kept up by prom-client itself. */
export function processMetrics(): Registry {
  const register = new Registry();
  collectDefaultMetrics({ register });
  return register;
}

export async function renderMetrics(snapshot: AgentSnapshot, process: Registry): Promise<string> {
  const register = new Registry();
  const wrong: string[] = [];
  const family = familiesIn(register, wrong);
  family
    .gauge('spillway_info', 'The agent, always 1', ['id', 'version'])
    .set([snapshot.id, snapshot.version], 1);
  addConfiguration(family, snapshot.configuration);
  addSources(family, snapshot.sources);
  addLog(family, snapshot.log);
  addDestinations(family, snapshot.destinations);
  addClusters(family, snapshot.destinations);
  addCertificates(family, snapshot.certificates);
  const broken = 'Counters that are left out of this answer, because what they would say is no count';
  family.gauge('spillway_broken_counters', broken).set([], wrong.length);
  return (await register.metrics()) + (await process.metrics());
}

function addConfiguration({ counter, gauge }: Families, configuration: ConfigurationSnapshot): void {
  const { generation, sinceMs, lastReload, reloads } = configuration;
  gauge('spillway_config_generation', 'Rises with every configuration that is applied').set([], generation);
  gauge('spillway_config_since_seconds', 'When the configuration took effect').set([], sinceMs / 1000);
  const total = counter('spillway_config_reloads_total', 'Reloads by outcome', ['outcome']);
  for (const outcome of RELOAD_OUTCOMES) total.set([outcome], reloads[outcome]);
  if (lastReload === null) return;
  const { timeMs, outcome } = lastReload;
  gauge('spillway_config_last_reload_seconds', 'When it was last read again').set([], timeMs / 1000);
  gauge('spillway_config_last_reload_ok', '0: the last reload was refused').set(
    [],
    outcome === 'refused' ? 0 : 1,
  );
}

const SOURCE_OUTCOMES = ['read', 'appended', 'suppressed', 'quarantined', 'refused'] as const;

function addSources({ counter, gauge }: Families, sources: readonly SourceSnapshot[]): void {
  const labels = ['source', 'outcome'];
  const events = counter('spillway_source_events_total', 'Events of a source by outcome', labels);
  const bytes = counter('spillway_source_bytes_total', 'Bytes of a source by outcome', labels);
  const heldEvents = gauge('spillway_source_held_events', 'Events read and not yet committed', ['source']);
  const heldBytes = gauge('spillway_source_held_bytes', 'Bytes read and not yet committed', ['source']);
  const files = gauge('spillway_source_files', 'Files a tail follows', ['source']);
  const heldBack = gauge(
    'spillway_source_files_held_back',
    'Files of which a tail reads nothing for now, by the reason',
    ['source', 'reason'],
  );
  const truncations = counter('spillway_source_truncations_total', 'Files that a tail found truncated', [
    'source',
  ]);
  const abandoned = counter('spillway_source_abandoned_bytes_total', 'Bytes of files that went away unread', [
    'source',
  ]);
  const deleted = counter(
    'spillway_source_files_deleted_total',
    'Files deleted because they were delivered',
    ['source'],
  );
  const connections = counter('spillway_connections_total', 'Connections of a listener by outcome', labels);
  const calls = counter('spillway_source_calls_total', 'Calls to a Scribe source by outcome', labels);
  for (const source of sources) {
    for (const outcome of SOURCE_OUTCOMES) {
      events.set([source.name, outcome], source[outcome].events);
      bytes.set([source.name, outcome], source[outcome].bytes);
    }
    heldEvents.set([source.name], source.held.events);
    heldBytes.set([source.name], source.held.bytes);
    if (source.files !== undefined) files.set([source.name], source.files);
    if (source.heldBack !== undefined)
      for (const reason of HELD_BACK) heldBack.set([source.name, reason], source.heldBack[reason]);
    if (source.abandonedBytes !== undefined) abandoned.set([source.name], source.abandonedBytes);
    if (source.deletedFiles !== undefined) deleted.set([source.name], source.deletedFiles);
    if (source.truncations !== undefined) truncations.set([source.name], source.truncations);
    for (const [outcome, total] of Object.entries(source.connections ?? {})) {
      connections.set([source.name, outcome], total);
    }
    for (const [outcome, total] of Object.entries(source.calls ?? {}))
      calls.set([source.name, outcome], total);
  }
}

const LOG_STATES = ['ok', 'full', 'failing'] as const satisfies readonly LogSnapshot['state'][];

function addLog({ counter, gauge }: Families, log: LogSnapshot): void {
  counter('spillway_log_appended_events_total', 'Events appended to the log').set([], log.appended.events);
  counter('spillway_log_appended_bytes_total', 'Bytes appended to the log').set([], log.appended.bytes);
  counter('spillway_log_expired_events_total', 'Events deleted that everybody has').set(
    [],
    log.expired.events,
  );
  counter('spillway_log_expired_bytes_total', 'Bytes deleted that everybody has').set([], log.expired.bytes);
  gauge('spillway_log_damaged_events', 'Events lost to damage in segments that are there').set(
    [],
    log.damaged.events,
  );
  gauge('spillway_log_damaged_bytes', 'Bytes lost to damage in segments that are there').set(
    [],
    log.damaged.bytes,
  );
  counter('spillway_log_syncs_total', 'Syncs of data and journal').set([], log.syncs);
  counter('spillway_log_written_bytes_total', 'Bytes written to the disk, journal included').set(
    [],
    log.writtenBytes,
  );
  const skipped = counter(
    'spillway_source_skipped_events_total',
    'Events that peers said they will not send',
    ['reason'],
  );
  for (const [reason, { events }] of Object.entries(log.skipped)) skipped.set([reason], events);
  gauge('spillway_log_bytes', 'Size of the log directory').set([], log.bytes);
  gauge('spillway_log_bytes_max', 'Largest size of the log directory since the start').set([], log.bytesMax);
  gauge('spillway_log_cap_bytes', 'Limit of the log directory').set([], log.capBytes);
  addQuarantine({ counter, gauge }, log.quarantine);
  const state = gauge('spillway_log_state', '1 for the state the log is in', ['state']);
  for (const name of LOG_STATES) state.set([name], name === log.state ? 1 : 0);
}

function addQuarantine(
  { counter, gauge }: Pick<Families, 'counter' | 'gauge'>,
  kept: LogSnapshot['quarantine'],
): void {
  gauge('spillway_quarantine_bytes', 'What is set aside now').set([], kept.bytes);
  gauge('spillway_quarantine_max_bytes', 'Limit of what is set aside').set([], kept.bytesMax);
  gauge('spillway_quarantine_files', 'Files that are set aside now').set([], kept.files);
  const total = counter(
    'spillway_quarantine_bytes_total',
    'Bytes since the start that were set aside, that gave way, or for which there was no room',
    ['outcome'],
  );
  total.set(['setAside'], kept.setAside);
  total.set(['thrownAway'], kept.thrownAway);
  total.set(['notKept'], kept.notKept);
}

function addDestinations({ counter, gauge }: Families, destinations: readonly DestinationSnapshot[]): void {
  const labels = ['destination', 'outcome', 'reason'];
  const events = counter('spillway_destination_events_total', 'Events for a destination by outcome', labels);
  const bytes = counter('spillway_destination_bytes_total', 'Bytes for a destination by outcome', labels);
  const own = ['destination'];
  const bufferedEvents = gauge('spillway_destination_buffered_events', 'Events not yet acknowledged', own);
  const bufferedBytes = gauge('spillway_destination_buffered_bytes', 'Bytes not yet acknowledged', own);
  const connected = gauge('spillway_destination_connected', '1 while connected', own);
  const orphaned = gauge(
    'spillway_destination_orphaned',
    '1: the configuration names it no more, and nothing is kept for it; its counts stand still',
    own,
  );
  const interrupted = gauge(
    'spillway_destination_interrupted',
    '1: its configuration has changed and it could not go on with that yet; it is tried again',
    own,
  );
  const handovers = counter(
    'spillway_destination_handover_failures_total',
    'Attempts to go on with a changed configuration that failed',
    own,
  );
  const plain = counter('spillway_destination_plain_bytes_total', 'Bytes of batches before compression', own);
  const sent = counter('spillway_destination_sent_bytes_total', 'Bytes of batches after compression', own);
  const retransmits = counter('spillway_destination_retransmits_total', 'Batches sent again', own);
  const epoch = gauge('spillway_destination_epoch', 'Rises when the history is begun anew', own);
  for (const destination of destinations) {
    const { name } = destination;
    const set = (outcome: string, reason: string, tally: Tally) => {
      events.set([name, outcome, reason], tally.events);
      bytes.set([name, outcome, reason], tally.bytes);
    };
    set('appended', '', destination.appended);
    set('acknowledged', '', destination.acknowledged);
    for (const [reason, tally] of Object.entries(destination.dropped)) set('dropped', reason, tally);
    for (const [reason, tally] of Object.entries(destination.skipped)) set('skipped', reason, tally);
    bufferedEvents.set([name], destination.buffered.events);
    bufferedBytes.set([name], destination.buffered.bytes);
    connected.set([name], destination.connected ? 1 : 0);
    orphaned.set([name], destination.orphaned ? 1 : 0);
    interrupted.set([name], destination.interrupted === true ? 1 : 0);
    handovers.set([name], destination.handoverFailures ?? 0);
    retransmits.set([name], destination.retransmits);
    if (destination.packing) {
      plain.set([name], destination.packing.plainBytes);
      sent.set([name], destination.packing.sentBytes);
    }
    epoch.set([name], destination.epoch);
  }
}

const MEMBER_STATES = [
  'up',
  'probing',
  'ejected',
  'draining',
  'gone',
] as const satisfies readonly MemberSnapshot['state'][];

function addClusters({ counter, gauge }: Families, destinations: readonly DestinationSnapshot[]): void {
  if (destinations.every(({ cluster }) => cluster === undefined)) return;
  const of = ['destination', 'member'];
  const had = 'that members are known to have beyond the first copy';
  const doubt = 'that a member may have beyond the first copy';
  const hadEvents = counter('spillway_destination_had_events_total', `Events ${had}`, ['destination']);
  const hadBytes = counter('spillway_destination_had_bytes_total', `Bytes ${had}`, ['destination']);
  const doubtEvents = gauge('spillway_destination_in_doubt_events', `Events ${doubt}`, of);
  const doubtBytes = gauge('spillway_destination_in_doubt_bytes', `Bytes ${doubt}`, of);
  const events = counter(
    'spillway_member_acknowledged_events_total',
    'Events that a member acknowledged',
    of,
  );
  const bytes = counter('spillway_member_acknowledged_bytes_total', 'Bytes that a member acknowledged', of);
  const lost = counter(
    'spillway_destination_member_lost_events_total',
    'Events at most that a member had acknowledged and came back without',
    of,
  );
  const connected = gauge('spillway_member_connected', '1 while a member is connected', of);
  const state = gauge('spillway_member_state', '1 for the state that a member is in', [...of, 'state']);
  for (const { name, cluster } of destinations) {
    if (cluster === undefined) continue;
    hadEvents.set([name], cluster.had.events);
    hadBytes.set([name], cluster.had.bytes);
    for (const member of cluster.members) {
      const labels = [name, member.name];
      doubtEvents.set(labels, member.inDoubt.events);
      doubtBytes.set(labels, member.inDoubt.bytes);
      events.set(labels, member.acknowledged.events);
      bytes.set(labels, member.acknowledged.bytes);
      lost.set(labels, member.lostEvents);
      connected.set(labels, member.connected ? 1 : 0);
      for (const one of MEMBER_STATES) state.set([...labels, one], one === member.state ? 1 : 0);
    }
  }
}

function addCertificates({ gauge }: Families, certificates: readonly CertificateSnapshot[]): void {
  const left = gauge(
    'spillway_certificate_expires_in_seconds',
    'Until a certificate of a link, or the authority it trusts, ends; negative: since it has',
    ['link', 'certificate'],
  );
  for (const { link, certificate, secondsLeft } of certificates) left.set([link, certificate], secondsLeft);
}
