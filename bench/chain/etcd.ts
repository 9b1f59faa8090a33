// The etcd of a chain: its own process on its own address, data in memory (it keeps nothing that must outlive the
// chain, and a loaded disk would starve its log). Clients use etcd3, loaded only when there is an etcd.

import { join } from 'node:path';
import { findProgram, type Program } from '../tools/program.ts';
import { type ChainLayout, ETCD_CLIENT_PORT, ETCD_PEER_PORT } from './layout.ts';

export function findEtcd(root: string): Promise<Program | null> {
  return findProgram(root, 'etcd', 'etcd');
}

export function etcdEndpoint(layout: ChainLayout): string {
  return `http://${layout.etcdAddress}:${ETCD_CLIENT_PORT}`;
}

export function registryPrefix(layout: ChainLayout): string {
  return `/spillway/${layout.name}`;
}

export function etcdCommand(program: Program, layout: ChainLayout): string[] {
  const [client, peer] = [etcdEndpoint(layout), `http://${layout.etcdAddress}:${ETCD_PEER_PORT}`];
  return [
    program.binary,
    ...['--name', layout.name, '--data-dir', join(layout.memoryDir, 'etcd')],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
    ...['--initial-cluster', `${layout.name}=${peer}`, '--logger', 'zap', '--log-level', 'warn'],
  ];
}

/** Where the members of a cluster register. */
export function clusterPrefix(layout: ChainLayout, destination: string): string {
  return `${registryPrefix(layout)}/${destination}`;
}

/** Ids of the instances registered now, members of a cluster included. */
export async function registeredIds(layout: ChainLayout): Promise<string[]> {
  const { Etcd3 } = await import('etcd3');
  const client = new Etcd3({ hosts: etcdEndpoint(layout), dialTimeout: 2000 });
  try {
    const keys = await client
      .getAll()
      .prefix(`${registryPrefix(layout)}/`)
      .keys();
    return keys.flatMap((key) => /\/instances\/([^/]+)$/.exec(key)?.[1] ?? []);
  } finally {
    client.close();
  }
}
