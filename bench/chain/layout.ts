// Where everything of a chain on one machine is: folders, addresses, ports, environment. Pure; touches nothing.
//
//   <root>/.spillway/local/           the chain that `up` starts; .spillway/run-<n>/ those of scenario runs
//     chain.json                      what runs (ChainFile)
//     instance1/ ... a/ b/ c/         one folder a node: events/ buffer/ conf/ out/ instance.json
//   /dev/shm/spillway-<hash>-<name>/  etcd's data
//
// A node's folder may lie elsewhere (`--dir`, as for logs on tmpfs); chain.json and the environment say where.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { CLUSTER, memberNames, standbyNames } from '../cluster-shape.ts';
import { type ChainShape, destinationNames, LOAD, senderNames } from '../scenario.ts';

export const HOP_PORT = 4100;
export const HTTP_PORT = 8100;
export const ETCD_CLIENT_PORT = 2379;
export const ETCD_PEER_PORT = 2380;
/** Every process that the rig starts carries these, so that it is found whatever happened to its pid file. */
export const CHAIN_MARKER = 'SPILLWAY_CHAIN';
export const ROOT_MARKER = 'SPILLWAY_CHECKOUT';
export const DATA_MARKER = 'SPILLWAY_DATA';
/** Which of the chain's processes it is, or whose child: what a daemon that leaves its group is measured by. */
export const PROCESS_MARKER = 'SPILLWAY_PROCESS';
/** In a data folder outside the checkout: `down` deletes no folder without it. */
export const DATA_FOLDER_MARK = '.spillway-chain';
/** The second: Scribe appends its number after the suffix. */
export const EVENT_FILES = ['*.log', '*.log_*'] as const;

const SHARED_MEMORY = '/dev/shm';
const LOAD_HOST = 99;

export interface ChainNode {
  readonly id: string;
  readonly role: 'instance' | 'destination';
  /** The destination that it is, or that it is a member of; null for an instance, and for the generator's node. */
  readonly destination: string | null;
  /** Not started with the others: a member that joins by a step. */
  readonly standby: boolean;
  readonly address: string;
  /** Where its sender finds it: its own address, or that of a fault proxy before it. */
  readonly advertised: string;
  readonly dir: string;
  readonly eventsDir: string;
  readonly bufferDir: string;
  readonly confDir: string;
  readonly outDir: string;
  /** null: its events come from the generator. */
  readonly from: string | null;
  readonly to: readonly string[];
}

export interface ChainLayout {
  readonly root: string;
  readonly name: string;
  /** The chain's folder, with chain.json. */
  readonly dir: string;
  /** The nodes' folders are here: `dir`, or a folder outside the checkout. */
  readonly dataDir: string;
  readonly memoryDir: string;
  readonly etcdAddress: string;
  /** In the order of the data's flow. */
  readonly nodes: readonly ChainNode[];
}

/** The chain of a scenario run, as opposed to the one that `up` starts. */
export function runName(number: number): string {
  return `run-${number}`;
}
export function isRunName(name: string): boolean {
  return /^run-\d+$/.test(name);
}

export function chainsFolder(root: string): string {
  return join(root, '.spillway');
}

/** Data in memory of this checkout's chains starts with this path. */
export function memoryPrefix(root: string): string {
  return join(SHARED_MEMORY, `spillway-${rootHash(root)}-`);
}

/** `proxied`: the receivers that have a fault proxy before them. */
export function layoutChain(
  root: string,
  name: string,
  shape: ChainShape,
  elsewhere?: string,
  proxied: readonly string[] = [],
): ChainLayout {
  const dir = join(chainsFolder(root), name);
  const dataDir = elsewhere === undefined ? dir : join(elsewhere, `spillway-data-${rootHash(root)}-${name}`);
  const network = loopbackNetwork(root, name);
  const { cluster } = shape;
  const ends = destinationNames(shape.fanOut).flatMap((destination) => {
    const ids = destination === CLUSTER && cluster !== undefined ? memberNames(cluster) : [destination];
    return ids.map((id) => ({ id, destination }));
  });
  const senders = senderNames(shape);
  const nodes = [
    ...senders.map((id, index) => {
      const next = senders[index + 1];
      const to = next === undefined ? ends.map((end) => end.id) : [next];
      const from = senders[index - 1] ?? null;
      const address = `${network}.${id === LOAD ? LOAD_HOST : index + 1 - (shape.generators ?? 0)}`;
      return layoutNode(dataDir, {
        id,
        role: 'instance',
        destination: null,
        standby: false,
        address,
        from,
        to,
      });
    }),
    ...ends.map(({ id, destination }, index) => {
      const [address, from] = [`${network}.${101 + index}`, senders.at(-1) ?? null];
      const standby = standbyNames(cluster).includes(id);
      return layoutNode(dataDir, { id, role: 'destination', destination, standby, address, from, to: [] });
    }),
  ];
  const memoryDir = `${memoryPrefix(root)}${name}`;
  const withProxies = nodes.map((node, index) => {
    return proxied.includes(node.id) ? { ...node, advertised: `${network}.${150 + index}` } : node;
  });
  return { root, name, dir, dataDir, memoryDir, etcdAddress: `${network}.250`, nodes: withProxies };
}

/** One destination: a node, or the members of a cluster. */
export interface ChainEnd {
  readonly name: string;
  readonly nodes: readonly ChainNode[];
}

/** In the order of the nodes. `ids`: of these nodes only, which may be instances then. */
export function endsOf(nodes: readonly ChainNode[], ids?: readonly string[]): ChainEnd[] {
  const nameOf = ({ id, destination }: ChainNode) => destination ?? (ids === undefined ? null : id);
  const wanted = nodes.filter((node) => ids?.includes(node.id) ?? node.destination !== null);
  const names = new Set(wanted.map(nameOf).filter((name) => name !== null));
  return [...names].map((name) => ({ name, nodes: wanted.filter((node) => nameOf(node) === name) }));
}

/** Whether several share its events. */
export function isCluster({ name, nodes }: ChainEnd): boolean {
  return nodes.some(({ id }) => id !== name);
}

export function markers(layout: ChainLayout): Record<string, string> {
  return {
    [CHAIN_MARKER]: layout.dir,
    [ROOT_MARKER]: layout.root,
    [DATA_MARKER]: layout.dataDir,
  };
}

/** The value of PROCESS_MARKER: unique on the machine. */
export function markOf(layout: ChainLayout, process: string): string {
  return `${layout.dir}#${process}`;
}

type Placed = Pick<ChainNode, 'id' | 'role' | 'destination' | 'standby' | 'address' | 'from' | 'to'>;

function layoutNode(dataDir: string, placed: Placed): ChainNode {
  const dir = join(dataDir, placed.id);
  const [eventsDir, bufferDir, confDir, outDir] = [
    join(dir, 'events'),
    join(dir, 'buffer'),
    join(dir, 'conf'),
    join(dir, 'out'),
  ];
  return { ...placed, advertised: placed.address, dir, eventsDir, bufferDir, confDir, outDir };
}

/** 127.X.Y from the checkout's path and the chain's name, so that two chains never meet; 127.0-15 stay free. */
function loopbackNetwork(root: string, name: string): string {
  const bytes = digest(`${root}\n${name}`);
  return `127.${16 + (bytes.readUInt8(0) % 224)}.${bytes.readUInt8(1)}`;
}

/** Tells checkouts apart in folders that they share. */
function rootHash(root: string): string {
  return digest(root).toString('hex').slice(0, 10);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
