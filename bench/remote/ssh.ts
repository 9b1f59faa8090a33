// ssh to the machines of a chain: an ssh_config of our own (own known_hosts, no questions, time limits), so that the
// user's is neither needed nor changed, and commands whose output comes back with their exit status.

import { type ChildProcess, spawn } from 'node:child_process';
import { BenchError } from '../run-error.ts';
import type { Host } from './hosts-file.ts';

const CONNECT_SECONDS = 10;
/** Somebody who answers no more is noticed after ALIVE_SECONDS * ALIVE_TIMES. */
const ALIVE_SECONDS = 5;
const ALIVE_TIMES = 4;
const OUTPUT_CHARS_MAX = 4 * 2 ** 20;
const KILL_MS = 2000;

/** Both names of a machine lead to it: its id, and its address for programs that look names up themselves. */
export function sshConfig(hosts: readonly Host[], knownHosts: string): string {
  const parts = hosts.map((host) =>
    [
      `Host ${host.id} ${host.address}`,
      `  HostName ${host.address}`,
      `  Port ${host.port}`,
      `  User ${host.user}`,
      ...(host.key === null ? [] : [`  IdentityFile "${host.key}"`, '  IdentitiesOnly yes']),
    ].join('\n'),
  );
  const common = [
    'Host *',
    `  UserKnownHostsFile "${knownHosts}"`,
    '  GlobalKnownHostsFile /dev/null',
    '  StrictHostKeyChecking accept-new',
    '  BatchMode yes',
    '  ForwardAgent no',
    `  ConnectTimeout ${CONNECT_SECONDS}`,
    `  ServerAliveInterval ${ALIVE_SECONDS}`,
    `  ServerAliveCountMax ${ALIVE_TIMES}`,
    '  LogLevel ERROR',
  ];
  return `${[...parts, common.join('\n')].join('\n\n')}\n`;
}

export interface RemoteOutput {
  readonly status: number;
  /** Standard output and error, as they came. */
  readonly text: string;
}

export interface SshOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Standard input. */
  readonly input?: string | Buffer;
}

/** Becomes one shell command there; what is not a plain word is quoted. */
export function shellQuote(words: readonly string[]): string {
  return words
    .map((word) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
}

/** Resolves whatever the exit status; 255 is ssh's own. Throws when aborted, or when the time is over. */
export async function ssh(
  config: string,
  id: string,
  command: string,
  { timeoutMs, signal, input }: SshOptions,
): Promise<RemoteOutput> {
  signal.throwIfAborted();
  const child = spawn('ssh', ['-F', config, id, command], { stdio: ['pipe', 'pipe', 'pipe'] });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const onAbort = () => endChild(child);
  limit.addEventListener('abort', onAbort, { once: true });
  try {
    const [text, status] = await Promise.all([gather(child), exitOf(child), feed(child, input)]);
    signal.throwIfAborted();
    if (limit.aborted) {
      const said = lastLines(text, 3);
      throw new BenchError(
        'run',
        `took longer than ${timeoutMs / 1000} s${said === '' ? '' : `; it said: ${said}`}`,
      );
    }
    return { status, text };
  } finally {
    limit.removeEventListener('abort', onAbort);
  }
}

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

export function endChild(child: ChildProcess): void {
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), KILL_MS).unref();
}

export function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((settle, fail) => {
    child.once('error', (cause) => {
      fail(new BenchError('run', 'ssh is missing: apt-get install openssh-client', { cause }));
    });
    child.once('close', (code) => settle(code ?? 255));
  });
}

async function gather(child: ChildProcess): Promise<string> {
  let text = '';
  const take = (chunk: string) => {
    text = (text + chunk).slice(-OUTPUT_CHARS_MAX);
  };
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', take);
  await new Promise((settle) => {
    child.once('close', settle);
    child.once('error', settle);
  });
  return text;
}

/** A command that ends before it has read everything is not an error of ours: its exit status tells. */
async function feed(child: ChildProcess, input: SshOptions['input']): Promise<void> {
  const { stdin } = child;
  if (stdin === null) return;
  stdin.on('error', () => undefined);
  stdin.end(input ?? '');
}
