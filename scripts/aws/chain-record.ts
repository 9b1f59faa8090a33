// What the checkout remembers of machines that it brought up (.hosts), where the machines are ones on EC2: those that
// ended themselves or were replaced are forgotten, those of another chain never.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readHostsFile } from '../../bench/remote/hosts-file.ts';
import { readRecord, removeRecord, writeRecord } from '../../bench/remote/record.ts';
import { BenchError } from '../../bench/run-error.ts';

export const HOSTS_FILE = 'infra/hosts.yaml';

/** Before anything is made: a checkout has one chain of machines at a time. */
export async function refuseOtherChain(root: string): Promise<void> {
  const ours = await knownAddresses(root);
  const others = (await readRecord(root))?.hosts.filter(({ address }) => !ours.includes(address)) ?? [];
  if (others.length === 0) return;
  const names = others.map(({ id, address }) => `${id} (${address})`).join(', ');
  throw new BenchError(
    'run',
    `this checkout already has a chain with ${names}: ./destroy.sh first; nothing was made on AWS`,
  );
}

/** They have gone, with everything that was on them. */
export async function forgetMachines(root: string, addresses: readonly string[]): Promise<void> {
  const record = await readRecord(root);
  if (record === null) return;
  const hosts = record.hosts.filter(({ address }) => !addresses.includes(address));
  if (hosts.length === record.hosts.length) return;
  if (hosts.length === 0) await removeRecord(root);
  else await writeRecord(root, { ...record, hosts });
}

/** Of the machines on EC2, as the last create wrote them down. */
export async function knownAddresses(root: string): Promise<readonly string[]> {
  const file = join(root, HOSTS_FILE);
  return existsSync(file) ? (await readHostsFile(file)).hosts.map(({ address }) => address) : [];
}
