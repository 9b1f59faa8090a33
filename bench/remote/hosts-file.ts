// The machines of a chain, as a user lists them or as the provisioning step writes them down: one machine for each
// node of the chain and, where the tool uses a registry, one for etcd (else etcd runs beside the first instance).
//
//   config: ../configs/chain/cluster.yaml   # the chain; or its keys (chain, durability, log) here; or as the ids say
//   hosts:
//     - { id: load, address: 198.51.100.6, user: ec2-user }        # the generator, where it is on none of the instances
//     - { id: instance1, address: 198.51.100.7, user: ec2-user, key: ~/.ssh/id_ed25519, inside: 10.0.0.11 }
//     - { id: a1, address: 198.51.100.8, user: ec2-user }          # a member of the cluster a
//     - { id: etcd, address: 198.51.100.9, user: ec2-user, role: registry }

import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { readChainConfig } from '../chain/chain-config.ts';
import { ETCD } from '../chain/registry.ts';
import { CLUSTER } from '../cluster-shape.ts';
import { BenchError } from '../run-error.ts';
import { type ChainShape, chainSchema, LOAD, logSchema, nodeNames, senderNames } from '../scenario.ts';
import { readYaml } from '../scenario-yaml.ts';

const FIRST = 'instance1';
const SSH_PORT = 22;
const HOSTS_MAX = 64;
const NAME = /^[a-z][a-z0-9-]*$/;
/** Each machine would make an authority of its own. */
export const NO_TLS =
  'certificates are made for chains on one machine only; over machines the links are in the clear';
const MEMBER = new RegExp(`^${CLUSTER}\\d+$`);
/** Goes into ssh_config and onto command lines: a name or an address and nothing else. */
const ADDRESS = /^[A-Za-z0-9][A-Za-z0-9.:_-]*$/;
const USER = /^[a-z_][a-z0-9_.-]*$/i;

const hostSchema = z.strictObject({
  /** The node of the chain that this machine is: load, instance1, instance2, ..., a (or a1, a2, ...), b, ...; or `etcd`. */
  id: z.string().regex(NAME, 'expected lower case letters, digits and dashes'),
  address: z.string().regex(ADDRESS, 'expected a host name or an address'),
  user: z.string().regex(USER, 'expected a user name').default('root'),
  port: z.int().min(1).max(65_535).default(SSH_PORT),
  /** Private key; without it ssh tries what it has. */
  key: z.string().min(1).optional(),
  /** Follows from the id; any id may be the registry's. */
  role: z.enum(['generator', 'instance', 'destination', 'registry']).optional(),
  /** Its address for the other machines of the chain, where that is another one. */
  inside: z.string().regex(ADDRESS, 'expected an address').optional(),
});
export const hostsFileSchema = z.strictObject({
  hosts: z.array(hostSchema).min(2, 'expected at least two machines').max(HOSTS_MAX),
  /** A chain's configuration (configs/chain/*.yaml), relative to this file: in place of the keys below. */
  config: z.string().min(1).optional(),
  /** Left out: as the machines' ids say. */
  chain: chainSchema.optional(),
  /** Of every link of a chain that is not described otherwise. */
  tool: z.string().optional(),
  durability: z.enum(['fsync', 'os']).optional(),
  log: logSchema.optional(),
});
type HostsFile = z.infer<typeof hostsFileSchema>;

export type HostRole = 'generator' | 'instance' | 'destination' | 'registry';
export interface Host {
  readonly id: string;
  readonly role: HostRole;
  readonly address: string;
  readonly inside: string;
  readonly user: string;
  readonly port: number;
  readonly key: string | null;
}
export interface RemoteChain {
  readonly shape: ChainShape;
  readonly durability: 'fsync' | 'os';
  readonly log: z.infer<typeof logSchema>;
  readonly hosts: readonly Host[];
}

export async function readHostsFile(file: string): Promise<RemoteChain> {
  const { value } = await readYaml(file, hostsFileSchema);
  const hosts = value.hosts.map((entry): Host => {
    const { id, address, user, port, inside = address } = entry;
    const key = entry.key === undefined ? null : keyPath(dirname(resolve(file)), entry.key);
    return { id, role: roleOf(file, id, entry.role), address, inside, user, port, key };
  });
  const described = await describedBy(file, value);
  const shape = described.chain ?? shapeOf(file, hosts, value.tool);
  complainAbout(file, hosts, shape);
  return { shape, durability: described.durability, log: described.log, hosts };
}

type Described = Pick<RemoteChain, 'durability' | 'log'> & { readonly chain: ChainShape | undefined };

async function describedBy(file: string, { config, ...here }: HostsFile): Promise<Described> {
  if (config === undefined) {
    const { chain, tool, durability = 'fsync', log = logSchema.parse({}) } = here;
    if (chain === undefined || tool === undefined) return { chain, durability, log };
    throw new BenchError('usage', `${file}: both tool and chain: put the tool into chain`);
  }
  const both = (['chain', 'tool', 'durability', 'log'] as const).find((key) => here[key] !== undefined);
  if (both !== undefined) throw new BenchError('usage', `${file}: both config and ${both}: leave one out`);
  return readChainConfig(keyPath(dirname(resolve(file)), config));
}

/** Of the machine that etcd runs on. */
export function registryHost({ hosts }: Pick<RemoteChain, 'hosts'>): Host {
  const host = hosts.find(({ role }) => role === 'registry') ?? hosts.find(({ id }) => id === FIRST);
  if (host === undefined) throw new BenchError('usage', 'no machine for etcd');
  return host;
}

/** The machine that is this node, or that etcd runs on. */
export function hostOf(chain: Pick<RemoteChain, 'hosts'>, node: string): Host {
  if (node === ETCD) return registryHost(chain);
  const host = chain.hosts.find(({ id }) => id === node);
  if (host === undefined) throw new BenchError('usage', `no machine for ${node}`);
  return host;
}

/** As the machines are told of it: where a user's keys are is nobody else's business. */
export function withoutKeys(chain: RemoteChain): RemoteChain {
  return { ...chain, hosts: chain.hosts.map((host) => ({ ...host, key: null })) };
}

function roleOf(file: string, id: string, given: HostRole | undefined): HostRole {
  if (given === 'registry' || id === ETCD) return 'registry';
  const role = id === LOAD ? 'generator' : /^instance\d+$/.test(id) ? 'instance' : 'destination';
  if (given === undefined || given === role) return role;
  if (given === 'generator') {
    const why = 'a chain has one source, which one generator fills';
    throw new BenchError(
      'usage',
      `${file}: ${id} is a ${given}: that is the machine with the id ${LOAD} (${why})`,
    );
  }
  throw new BenchError(
    'usage',
    `${file}: ${id} has the role ${given}; by its id it is a ${role}: leave the role out`,
  );
}

/** As many of everything as there are machines. */
function shapeOf(file: string, hosts: readonly Host[], tool = 'agent'): ChainShape {
  const count = (wanted: HostRole) => hosts.filter(({ role }) => role === wanted).length;
  const ends = hosts.filter(({ role }) => role === 'destination').map(({ id }) => id);
  const members = ends.filter((id) => MEMBER.test(id)).length;
  if (members > 0 && ends.includes(CLUSTER)) {
    const why = `${CLUSTER} is one machine or a cluster`;
    throw new BenchError('usage', `${file}: both ${CLUSTER} and ${CLUSTER}1, ...: ${why}`);
  }
  const shape = chainSchema.safeParse({
    instances: Math.max(1, count('instance')),
    fanOut: Math.max(1, ends.length - Math.max(0, members - 1)),
    tool,
    ...(count('generator') > 0 && { generators: 1 }),
    ...(members > 0 && { cluster: { members } }),
  });
  if (shape.success) return shape.data;
  const problems = shape.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new BenchError('usage', `${file}: no chain can be made of these machines: ${problems.join('; ')}`);
}

function keyPath(folder: string, key: string): string {
  return key.startsWith('~/') ? join(homedir(), key.slice(2)) : resolve(folder, key);
}

function complainAbout(file: string, hosts: readonly Host[], shape: ChainShape): void {
  const wanted = nodeNames(shape);
  const nodes = hosts.filter(({ role }) => role !== 'registry').map(({ id }) => id);
  const all = hosts.map(({ id }) => id);
  const places = hosts.map(({ address, port }) => `${address}:${port}`);
  const twice = [...all, ...places].find((value, index, list) => list.indexOf(value) !== index);
  if (twice !== undefined)
    throw new BenchError('usage', `${file}: ${twice} is there twice: a machine is one node`);
  if (hosts.filter(({ role }) => role === 'registry').length > 1) {
    throw new BenchError('usage', `${file}: more than one machine has the role registry`);
  }
  const senders = senderNames(shape);
  if (shape.links !== undefined && shape.links.length !== senders.length) {
    const problem = `chain.links names ${shape.links.length} tools, but ${senders.join(', ')} send`;
    throw new BenchError('usage', `${file}: ${problem}: expected one for each`);
  }
  if (shape.tls !== undefined) throw new BenchError('usage', `${file}: chain.tls: ${NO_TLS}`);
  const missing = wanted.filter((id) => !nodes.includes(id));
  const strange = nodes.filter((id) => !wanted.includes(id));
  if (missing.length + strange.length === 0) return;
  const parts = [
    ...(missing.length > 0 ? [`no machine for ${missing.join(', ')}`] : []),
    ...(strange.length > 0 ? [`not in the chain: ${strange.join(', ')}`] : []),
  ];
  throw new BenchError('usage', `${file}: ${parts.join('; ')}; a chain like this has ${wanted.join(', ')}`);
}
