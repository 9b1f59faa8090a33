// What a configuration is allowed to say and yet likely does not mean. The agent starts, and warns.

import type { Address } from './address.ts';
import type { KeyPath, Problem } from './document.ts';
import type { AgentConfig, ListenConfig, ScribeSourceConfig, TailConfig, Target } from './schema.ts';

type Doubted = Pick<AgentConfig, 'log' | 'sources' | 'destinations'>;

/** @param realDirs the one name of each directory that is tailed. */
export function doubtsAbout(config: Doubted, realDirs: ReadonlyMap<string, string>): Problem[] {
  const doubts = [
    ...noSources(config),
    ...unlimitedTails(config),
    ...sameDirectory(config, realDirs),
    ...loops(config),
  ];
  if (config.log.durability === 'os') {
    const text = 'os: a crash of the machine loses what was acknowledged and had not reached the disk yet';
    doubts.push({ path: ['log', 'durability'], at: 'value', text });
  }
  return doubts;
}

function noSources({ sources }: Doubted): Problem[] {
  const text = 'no sources: this agent only sends what its log has already';
  return sources.length === 0 ? [{ path: ['sources'], at: 'key', text }] : [];
}

// The log blocks at its cap, and the files of a tail go on growing: they are the buffer then.
function unlimitedTails({ sources, destinations }: Doubted): Problem[] {
  const blocking = destinations.find(({ policy }) => policy === 'block');
  const tail = sources.findIndex(({ type }) => type === 'tail');
  if (blocking === undefined || tail === -1) return [];
  const text =
    `once log.capBytes is reached because ${blocking.name} is away, what is not read yet stays in the ` +
    'files of this directory: leave room for them, and let nothing delete them unread';
  return [{ path: ['sources', tail], at: 'value', text }];
}

function sameDirectory({ sources }: Doubted, realDirs: ReadonlyMap<string, string>): Problem[] {
  const seen = new Set<string>();
  return sources.flatMap((source, index): Problem[] => {
    if (!isTail(source)) return [];
    const real = realDirs.get(source.dir) ?? source.dir;
    const isSecond = seen.has(real);
    seen.add(real);
    if (!isSecond) return [];
    const text = `another tail follows ${real} too: a file that both include is sent twice`;
    return [{ path: ['sources', index, 'dir'], at: 'value', text }];
  });
}

function loops({ sources, destinations }: Doubted): Problem[] {
  const own = sources.filter(isListen).map((source) => source.address);
  const text = 'this agent itself listens there: what it sends would come back for ever';
  return destinations.flatMap(({ to }, index): Problem[] =>
    placesOf(to)
      .filter(({ address }) => own.some((mine) => isSame(mine, address)))
      .map(({ path }) => ({ path: ['destinations', index, ...path], at: 'value', text })),
  );
}

function placesOf(to: Target): { readonly path: KeyPath; readonly address: Address }[] {
  if (to.by === 'address') return [{ path: ['address'], address: to.address }];
  if (to.by !== 'cluster' || to.cluster.from.by !== 'list') return [];
  return to.cluster.from.members.map((address, index) => ({
    path: ['cluster', 'members', index, 'address'],
    address,
  }));
}

function isTail(source: AgentConfig['sources'][number]): source is TailConfig {
  return source.type === 'tail';
}

function isListen(source: AgentConfig['sources'][number]): source is ListenConfig | ScribeSourceConfig {
  return source.type !== 'tail';
}

function isSame(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port;
}
