// `./create.sh hosts FILE`: makes a chain of machines that are there already, and leaves it up. The second half of
// `./create.sh aws`, too. What it does to a machine is in steps.ts and bootstrap.sh.
//
//   node scripts/hosts/create.ts FILE [--boot-seconds N]

import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type RemoteChain, readHostsFile, registryHost } from '../../bench/remote/hosts-file.ts';
import { readRecord, sshConfigPath, writeRecord } from '../../bench/remote/record.ts';
import { lastLines } from '../../bench/remote/ssh.ts';
import { untilInterrupted } from '../../bench/run/interrupt.ts';
import { BenchError, exitStatus } from '../../bench/run-error.ts';
import { describeFailures, throughSteps } from './fleet.ts';
import { checkKey } from './keys.ts';
import { npmRegistry } from './npm-registry.ts';
import { bringUpSteps, pack, type StepContext, standing } from './steps.ts';

const root = join(dirname(import.meta.dirname), '..');
const BOOT_SECONDS = 30;
const REGISTERED_MS = 60_000;
const say = (line: string) => process.stdout.write(`${line}\n`);

async function create(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { 'boot-seconds': { type: 'string' } },
    allowPositionals: true,
  });
  const [file] = positionals;
  if (file === undefined) throw new BenchError('usage', 'usage: ./create.sh hosts FILE');
  const chain = await readHostsFile(resolve(file));
  for (const key of new Set(chain.hosts.map((host) => host.key))) if (key !== null) checkKey(key);
  await refuseOthers(chain);
  await writeRecord(root, chain);
  const bootSeconds = Number(values['boot-seconds'] ?? BOOT_SECONDS);
  const context = {
    ...{ root, chain, signal },
    config: sshConfigPath(root),
    registry: await npmRegistry(),
    archive: pack(root),
  };
  if (values['boot-seconds'] !== undefined)
    say(`  waiting up to ${bootSeconds} s until the machines answer by ssh`);
  const failures = await throughSteps(context, bringUpSteps(bootSeconds), say);
  if (failures.length > 0) {
    process.stderr.write(`\n${describeFailures(failures)}\n`);
    process.stderr.write(
      `${failures.length} of ${chain.hosts.length} machines failed; mend it and run the same again, or: ./destroy.sh\n`,
    );
  }
  if (values['boot-seconds'] !== undefined && failures.some(({ step }) => step === 'connect')) {
    process.stderr.write(
      'ssh is open to one network only: if your address has changed, ./create.sh aws again lets the new one in\n',
    );
  }
  const registered = await checkRegistered(
    context,
    failures.map(({ host }) => host.id),
  );
  printPlaces(chain, resolve(file));
  return failures.length === 0 && registered ? 0 : 1;
}

/** A checkout has one chain of machines at a time: what it made of others would be forgotten. */
async function refuseOthers(chain: RemoteChain): Promise<void> {
  const record = await readRecord(root);
  const places = chain.hosts.map(({ address, port }) => `${address}:${port}`);
  const other = record?.hosts.filter(({ address, port }) => !places.includes(`${address}:${port}`)) ?? [];
  if (other.length === 0) return;
  const names = other.map(({ id, address }) => `${id} (${address})`).join(', ');
  throw new BenchError('run', `this checkout already has a chain with ${names}: ./destroy.sh first`);
}

async function checkRegistered(context: StepContext, failed: readonly string[]): Promise<boolean> {
  const host = registryHost(context.chain);
  if (failed.includes(host.id)) {
    process.stderr.write(
      `etcd is on ${host.id}, which failed: whether the others have registered was not asked\n`,
    );
    return false;
  }
  const { status, text } = await standing(context, host, 'registered', REGISTERED_MS, failed);
  if (status === 0) {
    say(failed.length === 0 ? 'all instances have registered' : 'those that did not fail have registered');
    return true;
  }
  process.stderr.write(`${lastLines(text, 5)}\n`);
  return false;
}

function printPlaces({ hosts }: RemoteChain, file: string): void {
  const config = sshConfigPath(root);
  const width = Math.max(...hosts.map(({ id }) => id.length));
  say('');
  for (const { id, address, inside, role } of hosts) {
    const within = inside === address ? '' : `  (inside: ${inside})`;
    say(`  ${id.padEnd(width)}  ${address.padEnd(15)}  ${role}${within}`);
  }
  // Addresses, not names: cssh looks every name up before it asks ssh.
  const places = hosts.map(({ user, address, port }) => `${user}@${address}${port === 22 ? '' : `:${port}`}`);
  say(`
  ssh -F '${config}' ${hosts[0]?.id ?? ''}
  cssh --options "-F '${config}'" ${places.join(' ')}
  scripts/hosts/tmux.sh     the same without cssh
  npm run on -- --all lsevents
  npm run bench -- run throughput --chain ${file}
  ./destroy.sh
`);
}

try {
  process.exitCode = await untilInterrupted((signal) => create(process.argv.slice(2), signal));
  if (process.exitCode === 130)
    process.stderr.write('the same again goes on from here; ./destroy.sh removes all of it\n');
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  process.stderr.write(`create.sh hosts: ${error.message}\n`);
  process.exitCode = exitStatus(error.code);
}
