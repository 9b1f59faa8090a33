// What concerns more than one key of a configuration. The sections that are wrong in themselves are absent
// here, so that these rules are checked, and reported, together with everything else.

import { type Address, formatAddress, isWildcard } from './address.ts';
import { problem, repeated, when } from './broken.ts';
import type { ClusterConfig } from './cluster.ts';
import { formatPath, type KeyPath, type Problem } from './document.ts';
import { heartbeatFits } from './heartbeat-rule.ts';
import { valueAt } from './problems.ts';
import type { AgentConfig, DestinationConfig, LogConfig, SourceConfig } from './schema.ts';
import { sourceRules } from './source-rules.ts';

/** The sections that are right in themselves. */
export interface Sections {
  readonly id?: AgentConfig['id'] | undefined;
  readonly log?: LogConfig | undefined;
  readonly registry?: AgentConfig['registry'] | undefined;
  readonly sources: readonly (SourceConfig | undefined)[];
  readonly destinations: readonly (DestinationConfig | undefined)[];
  readonly http?: AgentConfig['http'] | undefined;
}

const SEGMENTS_MIN = 4; // one being written, one being read, one being deleted, one for everything else

/** Every rule that is broken; `raw` is the whole configuration as it stands in the file. */
export function brokenRules(sections: Sections, raw: unknown): Problem[] {
  return [
    ...duplicateNames(raw, 'sources'),
    ...duplicateNames(raw, 'destinations'),
    ...sharedAddresses(sections),
    ...(sections.log === undefined ? [] : logRules(sections.log)),
    ...sections.sources.flatMap((source, index) => sourceRules(source, ['sources', index], sections)),
    ...sections.destinations.flatMap((destination, index) =>
      destination === undefined ? [] : destinationRules(destination, ['destinations', index], sections, raw),
    ),
  ];
}

function duplicateNames(raw: unknown, list: 'sources' | 'destinations'): Problem[] {
  const items = valueAt(raw, [list]);
  const firstAt = new Map<unknown, number>();
  return (Array.isArray(items) ? items : []).flatMap((item: unknown, index) => {
    const name = valueAt(item, ['name']);
    const first = firstAt.get(name);
    if (name !== undefined && first === undefined) firstAt.set(name, index);
    if (name === undefined || first === undefined) return [];
    return [
      problem([list, index, 'name'], `duplicate name ${String(name)}, ${list}[${first}] has it already`),
    ];
  });
}

/** Two that listen on one address: the second of them could not start. */
function sharedAddresses({ sources, http }: Sections): Problem[] {
  const listening = sources.flatMap((source, index) =>
    source?.type === 'listen' || source?.type === 'scribe'
      ? [{ address: source.address, path: ['sources', index, 'address'] }]
      : [],
  );
  if (http !== undefined) listening.push({ address: http.address, path: ['http', 'address'] });
  return listening.flatMap(({ address, path }, index) => {
    const first = listening.slice(0, index).find((other) => collide(other.address, address));
    if (first === undefined) return [];
    const text = `is ${formatAddress(address)}, ${formatPath(first.path)} listens there already, expected another`;
    return [problem(path, text)];
  });
}

function collide(a: Address, b: Address): boolean {
  return a.port !== 0 && a.port === b.port && (a.host === b.host || isWildcard(a) || isWildcard(b));
}

function logRules({
  segmentBytes,
  capBytes,
  journalBytesMax,
  keepBytes,
  quarantineBytesMax = 0,
}: LogConfig): Problem[] {
  const capMin = SEGMENTS_MIN * segmentBytes;
  return [
    ...when(
      capBytes < capMin,
      ['log', 'capBytes'],
      `is ${capBytes}, expected at least ${capMin}, ${SEGMENTS_MIN} times segmentBytes`,
    ),
    ...when(
      journalBytesMax > capBytes / 4,
      ['log', 'journalBytesMax'],
      `is ${journalBytesMax}, expected at most a quarter of capBytes (${capBytes})`,
    ),
    ...when(
      keepBytes > capBytes,
      ['log', 'keepBytes'],
      `is ${keepBytes}, expected at most capBytes (${capBytes})`,
    ),
    ...when(
      quarantineBytesMax > capBytes / 2,
      ['log', 'quarantineBytesMax'],
      `is ${quarantineBytesMax}, expected at most half of capBytes (${capBytes})`,
    ),
  ];
}

function destinationRules(
  destination: DestinationConfig,
  path: KeyPath,
  sections: Sections,
  raw: unknown,
): Problem[] {
  const { to, lagBytesMax, batchBytesMax, inflightBytesMax, retryMinMs, retryMaxMs } = destination;
  const { id, log, registry } = sections;
  const byInstance = to.by === 'instance' ? to.instance : undefined;
  const lagMax = log === undefined ? Number.POSITIVE_INFINITY : log.capBytes - 2 * log.segmentBytes;
  return [
    ...when(
      byInstance !== undefined && valueAt(raw, ['registry']) === undefined,
      [...path, 'instance'],
      'an instance is found through the registry, expected a registry section or an address',
    ),
    ...when(
      byInstance !== undefined &&
        registry?.type === 'static' &&
        !Object.hasOwn(registry.instances, byInstance),
      [...path, 'instance'],
      `${byInstance} is not in registry.instances, expected one of ${registry?.type === 'static' ? Object.keys(registry.instances).join(', ') : ''}`,
    ),
    ...when(
      byInstance !== undefined && byInstance === id,
      [...path, 'instance'],
      `${byInstance} is this instance itself, expected another`,
    ),
    ...when(
      (lagBytesMax ?? 0) > lagMax,
      [...path, 'lagBytesMax'],
      `is ${lagBytesMax}, expected at most ${lagMax}, log.capBytes less two segments`,
    ),
    ...when(
      inflightBytesMax < batchBytesMax,
      [...path, 'inflightBytesMax'],
      `is ${inflightBytesMax}, expected at least batchBytesMax (${batchBytesMax})`,
    ),
    ...when(
      retryMaxMs < retryMinMs,
      [...path, 'retryMaxMs'],
      `is ${retryMaxMs}, expected at least retryMinMs (${retryMinMs})`,
    ),
    ...heartbeatFits(destination, path),
    ...(to.by === 'cluster' ? clusterRules(to.cluster, [...path, 'cluster'], registry, raw) : []),
  ];
}

function clusterRules(
  { from, membersMax, probeMinMs, probeMaxMs }: ClusterConfig,
  path: KeyPath,
  registry: Sections['registry'],
  raw: unknown,
): Problem[] {
  const probes = when(
    probeMaxMs < probeMinMs,
    [...path, 'probeMaxMs'],
    `is ${probeMaxMs}, expected at least probeMinMs (${probeMinMs})`,
  );
  if (from.by === 'list') {
    const list = [...path, 'members'];
    const addresses = from.members.map(formatAddress);
    const names = from.members.map(({ name }) => name);
    return [
      ...repeated(names, (index, first) =>
        problem([...list, index, 'name'], `duplicate name ${names[index]}, members[${first}] has it already`),
      ),
      ...repeated(addresses, (index, first) =>
        problem(
          [...list, index, 'address'],
          `duplicate address ${addresses[index]}, members[${first}] has it already`,
        ),
      ),
      ...when(
        names.length > membersMax,
        list,
        `has ${names.length} members, expected at most membersMax (${membersMax})`,
      ),
      ...probes,
    ];
  }
  const isEtcd = registry?.type === 'etcd';
  const isWrong = registry === undefined && valueAt(raw, ['registry']) !== undefined; // reported by itself
  return [
    ...when(
      !isEtcd && !isWrong,
      [...path, 'prefix'],
      'members are found in etcd, expected a registry section of type etcd, or members in place of prefix',
    ),
    ...probes,
  ];
}
