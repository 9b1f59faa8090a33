// What this checkout has made of other machines: .hosts/chain.json, with the ssh_config and known_hosts that lead
// there. It is written before the first machine is touched and goes when the last one has been cleaned, so that
// `./destroy.sh` knows them also after a create that failed.
//
//   .hosts/chain.json  ssh_config  known_hosts

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../chain/chain-file.ts';
import { BenchError, hasCode } from '../run-error.ts';
import { type RemoteChain, readHostsFile } from './hosts-file.ts';
import { sshConfig } from './ssh.ts';

export function recordFolder(root: string): string {
  return join(root, '.hosts');
}

export function sshConfigPath(root: string): string {
  return join(recordFolder(root), 'ssh_config');
}

/** null: nothing of this checkout is on other machines. */
export async function readRecord(root: string): Promise<RemoteChain | null> {
  const file = join(recordFolder(root), 'chain.json');
  try {
    return JSON.parse(await readFile(file, 'utf8')) as RemoteChain;
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return null;
    throw new BenchError('run', `${file} cannot be read as the record of a chain: ${String(cause)}`, {
      cause,
    });
  }
}

export async function writeRecord(root: string, chain: RemoteChain): Promise<void> {
  const folder = recordFolder(root);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeSshConfig(root, chain);
  await writeWhole(join(folder, 'chain.json'), `${JSON.stringify(chain, null, 2)}\n`);
}

export async function writeSshConfig(root: string, { hosts }: RemoteChain): Promise<void> {
  const folder = recordFolder(root);
  await writeFile(sshConfigPath(root), sshConfig(hosts, join(folder, 'known_hosts')));
}

export async function removeRecord(root: string): Promise<void> {
  await rm(recordFolder(root), { recursive: true, force: true });
}

/** The chain of FILE, which must be the one that was made of its machines. */
export async function madeChain(root: string, file: string): Promise<RemoteChain> {
  const chain = await readHostsFile(file);
  const record = await readRecord(root);
  const made = record === null ? [] : record.hosts.map(placeOf);
  if (chain.hosts.length === made.length && chain.hosts.every((host) => made.includes(placeOf(host))))
    return chain;
  throw new BenchError(
    'usage',
    `the machines of ${file} have no chain of this checkout: ./create.sh hosts ${file}`,
  );
}

function placeOf({ id, address, port }: RemoteChain['hosts'][number]): string {
  return `${id} ${address}:${port}`;
}
