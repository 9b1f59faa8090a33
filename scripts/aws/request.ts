// What the user wants of AWS: the chain's configuration, his key, the network he comes from, and for how long; as the
// settings of a stack. A rig that stands keeps its run, its owner and, until that has come, its end.

import { existsSync, readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type ChainConfig, readChainConfig } from '../../bench/chain/chain-config.ts';
import { ETCD } from '../../bench/chain/registry.ts';
import { memberNames } from '../../bench/cluster-shape.ts';
import { BenchError } from '../../bench/run-error.ts';
import { LOAD, nodeNames, senderNames } from '../../bench/scenario.ts';
import type { MachineSettings, RigSettings } from '../../infra/settings.ts';
import { checkKey } from '../hosts/keys.ts';
import { checkedNetwork } from './cidr.ts';
import { checkPair } from './key-pair.ts';
import type { Standing } from './state.ts';

const DEFAULT_CONFIG = 'configs/chain/aws.yaml';
const KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'];
const ADDRESS_SERVICE = 'https://checkip.amazonaws.com';
const ADDRESS_TIMEOUT_MS = 10_000;
/** For `synth` without --allow: an address of documentation, which nobody has. */
export const NOBODY = '192.0.2.1/32';

export interface AwsOptions {
  readonly config: string;
  /** Private key; null: the first that is there. */
  readonly key: string | null;
  readonly allow: readonly string[];
  /** Only say what would be made. */
  readonly show: boolean;
  /** Make what was said. */
  readonly planned: boolean;
}

export function parseOptions(root: string, args: readonly string[]): AwsOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      config: { type: 'string' },
      key: { type: 'string' },
      allow: { type: 'string', multiple: true },
      show: { type: 'boolean' },
      planned: { type: 'boolean' },
    },
  });
  const allow = [...new Set((values.allow ?? []).map(checkedNetwork))];
  if (allow.length > 0 && allow.every((network) => network.includes(':'))) {
    throw new BenchError(
      'usage',
      `--allow ${allow.join(', ')}: the machines have IPv4 addresses only; name an IPv4 network too`,
    );
  }
  const config = resolve(values.config ?? join(root, DEFAULT_CONFIG));
  return {
    config,
    key: values.key === undefined ? null : resolve(values.key),
    allow,
    show: values.show ?? false,
    planned: values.planned ?? false,
  };
}

export async function settingsFor(
  { config, key, allow }: AwsOptions,
  standing: Standing,
  callersNetwork: () => Promise<string>,
): Promise<{ readonly settings: RigSettings; readonly key: string }> {
  const chain = await readChainConfig(config);
  const { machines } = chain;
  const privateKey = key ?? defaultKey();
  checkKey(privateKey);
  const publicKey = publicKeyOf(privateKey);
  checkPair(privateKey, publicKey);
  const settings = {
    run: standing.run ?? newRun(),
    owner: standing.owner ?? userInfo().username,
    expires: endOf(standing, machines.expires),
    region: standing.region ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? null,
    account: standing.account,
    allow: allow.length > 0 ? allow : [await callersNetwork()],
    publicKey,
    network: machines.network ?? null,
    machines: machinesOf(chain),
  };
  return { settings, key: privateKey };
}

/** A rig that stands keeps its end; of one whose end has come the machines have gone, and new ones need a new end. */
function endOf({ expires }: Standing, lifeMs: number): Date {
  const now = Date.now();
  return expires !== null && expires.getTime() > now ? expires : new Date(now + lifeMs);
}

/** The address that the internet sees us by. */
export async function callersNetwork(): Promise<string> {
  try {
    const response = await fetch(ADDRESS_SERVICE, { signal: AbortSignal.timeout(ADDRESS_TIMEOUT_MS) });
    return checkedNetwork(`${(await response.text()).trim()}/32`);
  } catch (cause) {
    const message = `cannot find out by which address the internet sees this machine (${ADDRESS_SERVICE}): say which network may use ssh: --allow CIDR`;
    throw new BenchError('usage', message, { cause });
  }
}

export function machinesOf({ chain, machines }: ChainConfig): MachineSettings[] {
  const senders = senderNames(chain);
  const members = chain.cluster === undefined ? [] : memberNames(chain.cluster);
  const nodes = nodeNames(chain).map((id): MachineSettings => {
    if (id === LOAD) return { id, role: 'generator', ...machines.generator };
    if (senders.includes(id)) return { id, role: 'instance', ...machines.instance };
    const own = members.includes(id) ? machines.member : undefined;
    return { id, role: 'destination', ...(own ?? machines.destination) };
  });
  return [...nodes, { id: ETCD, role: 'registry', ...machines.registry }];
}

function defaultKey(): string {
  const candidates = KEYS.map((name) => join(homedir(), '.ssh', name));
  const found = candidates.find((path) => existsSync(path) && existsSync(`${path}.pub`));
  if (found !== undefined) return found;
  throw new BenchError(
    'usage',
    `no key in ~/.ssh (${KEYS.join(', ')}): make one with ssh-keygen, or name one: --key FILE`,
  );
}

export function publicKeyOf(privateKey: string): string {
  const file = `${privateKey}.pub`;
  if (!existsSync(file)) {
    throw new BenchError(
      'usage',
      `${file} is missing: ssh-keygen -y -f ${privateKey} > ${file} makes it again`,
    );
  }
  const line = readFileSync(file, 'utf8').trim();
  // One line, and a public one: it goes to every machine.
  if (/^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?$/.test(line) && !line.includes('\n')) return line;
  throw new BenchError('usage', `${file} is not one public key`);
}

function newRun(): string {
  return new Date().toISOString().slice(0, 16).replace('T', '-').replaceAll(':', '');
}
