// `npm run on -- [--all | ID...] COMMAND...`: runs a command on machines of the chain, all at once, and prints what
// each said under its name. Exit 0 when it was 0 everywhere.
//
//   npm run on -- --all lsevents            everywhere
//   npm run on -- instance1 a -- df -h /opt   `--` where the command could be taken for an id

import { dirname, join } from 'node:path';
import type { Host, RemoteChain } from '../../bench/remote/hosts-file.ts';
import { readRecord, sshConfigPath } from '../../bench/remote/record.ts';
import { ssh } from '../../bench/remote/ssh.ts';
import { untilInterrupted } from '../../bench/run/interrupt.ts';
import { BenchError, exitStatus, messageOf } from '../../bench/run-error.ts';

const root = join(dirname(import.meta.dirname), '..');
const LIMIT_MS = 3_600_000;
const USAGE = 'usage: npm run on -- [--all | ID...] COMMAND...';

interface Request {
  readonly hosts: readonly Host[];
  readonly command: string;
}

async function on(args: readonly string[], signal: AbortSignal): Promise<number> {
  const chain = await readRecord(root);
  if (chain === null) throw new BenchError('usage', 'no chain on other machines: ./create.sh hosts FILE');
  const { hosts, command } = parseRequest(args, chain);
  const config = sshConfigPath(root);
  const answers = hosts.map(async (host) => {
    const { status, text } = await ssh(config, host.id, command, { timeoutMs: LIMIT_MS, signal }).catch(
      (error: unknown) => ({ status: 1, text: messageOf(error) }),
    );
    const lines = text.trimEnd().split('\n');
    const head = `${host.id}${status === 0 ? '' : ` (exit status ${status})`}:`;
    process.stdout.write(`${[head, ...lines.map((line) => `  ${line}`)].join('\n')}\n`);
    return status;
  });
  const statuses = await Promise.all(answers);
  return statuses.every((status) => status === 0) ? 0 : 1;
}

/** Ids come first; the command begins with the first word that is none, or after `--`. */
function parseRequest(args: readonly string[], chain: RemoteChain): Request {
  const words = [...args];
  const ids: string[] = [];
  const all = words[0] === '--all';
  if (all) words.shift();
  while (!all && chain.hosts.some(({ id }) => id === words[0])) ids.push(words.shift() ?? '');
  if (words[0] === '--') words.shift();
  if (words.length === 0) throw new BenchError('usage', USAGE);
  if (!all && ids.length === 0) {
    const there = chain.hosts.map(({ id }) => id).join(', ');
    throw new BenchError(
      'usage',
      `'${words[0]}' is no machine of the chain; there are ${there}, or --all\n${USAGE}`,
    );
  }
  // Not quoted: a pipe or a variable is meant for the shell there, as with ssh itself.
  return { hosts: chain.hosts.filter(({ id }) => all || ids.includes(id)), command: words.join(' ') };
}

try {
  process.exitCode = await untilInterrupted((signal) => on(process.argv.slice(2), signal));
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  process.stderr.write(`on: ${error.message}\n`);
  process.exitCode = exitStatus(error.code);
}
