// From a bare machine to a member of the chain: the steps, in their order, each with its limit. All but two of them
// are bootstrap.sh, which comes over ssh; each may be done again.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Host, RemoteChain } from '../../bench/remote/hosts-file.ts';
import { registryHost, withoutKeys } from '../../bench/remote/hosts-file.ts';
import { REMOTE_MAIN, REMOTE_ROOT } from '../../bench/remote/layout.ts';
import { type RemoteOutput, shellQuote, ssh } from '../../bench/remote/ssh.ts';
import { BenchError } from '../../bench/run-error.ts';
import { chainToolName } from '../../bench/scenario.ts';

const PUSHED = ['agent', 'bench', 'scripts', 'configs', 'destroy.sh', 'package.json', 'package-lock.json'];
const ARCHIVE_BYTES_MAX = 64 * 2 ** 20;
const SECOND = 1000;
const SSH_PORT = 22;
const CONNECT_RETRY_MS = 2 * SECOND;

export interface StepContext {
  readonly root: string;
  readonly config: string;
  readonly chain: RemoteChain;
  /** npm's. */
  readonly registry: string;
  /** What a machine gets of the checkout. */
  readonly archive: Promise<Buffer>;
  readonly signal: AbortSignal;
}

export interface HostStep {
  readonly name: string;
  readonly limitSeconds: number;
  readonly run: (context: StepContext, host: Host, limitMs: number) => Promise<RemoteOutput>;
}

export function connectStep(limitSeconds: number): HostStep {
  return { name: 'connect', limitSeconds, run: connect };
}

/** No node_modules, no tests, nothing of git, and not what only this side needs. */
export async function pack(root: string): Promise<Buffer> {
  const argv = ['-C', root, '-cz', '--owner=0', '--group=0', ...PUSHED];
  const { stdout } = await promisify(execFile)('tar', argv, {
    encoding: 'buffer',
    maxBuffer: ARCHIVE_BYTES_MAX,
  });
  return stdout;
}

/** `bootSeconds`: how long a machine may take until it answers; one that was just made boots first. */
export function bringUpSteps(bootSeconds: number): readonly HostStep[] {
  return [
    connectStep(bootSeconds),
    { name: 'look', limitSeconds: 60, run: bootstrap(() => ['look']) },
    { name: 'push', limitSeconds: 300, run: push },
    { name: 'node', limitSeconds: 600, run: bootstrap(({ registry }) => ['node', registry]) },
    { name: 'packages', limitSeconds: 600, run: bootstrap(({ registry }) => ['packages', registry]) },
    {
      name: 'tools',
      limitSeconds: 900,
      run: bootstrap((context, host) => ['tools', ...toolsOf(context, host)]),
    },
    { name: 'shell', limitSeconds: 60, run: bootstrap((_, host) => ['shell', host.id]) },
    {
      name: 'start',
      limitSeconds: 180,
      run: (context, host, limitMs) => standing(context, host, 'start', limitMs),
    },
  ];
}

export const REMOVE: HostStep = { name: 'remove', limitSeconds: 180, run: bootstrap(() => ['remove']) };

/** A verb of bench/remote/main.ts on a machine. */
export function standing(
  { config, chain, signal }: StepContext,
  host: Host,
  verb: 'start' | 'stop' | 'down' | 'registered',
  timeoutMs: number,
  more: readonly string[] = [],
): Promise<RemoteOutput> {
  const argv = [...REMOTE_MAIN, verb, host.id, ...more];
  return ssh(config, host.id, shellQuote(argv), {
    timeoutMs,
    signal,
    input: JSON.stringify(withoutKeys(chain)),
  });
}

/** Again and again until it answers: what ssh said last is told when the time is over. */
async function connect({ config, signal }: StepContext, host: Host, limitMs: number): Promise<RemoteOutput> {
  const deadline = Date.now() + limitMs;
  let said = '';
  for (;;) {
    const left = deadline - Date.now();
    const output = await ssh(config, host.id, 'true', { timeoutMs: Math.max(SECOND, left), signal }).catch(
      (error: unknown) => {
        // Cut short by the end of our patience: that it was too slow says less than what ssh said before.
        if (error instanceof BenchError && error.code === 'run') return { status: 255, text: said };
        throw error;
      },
    );
    said = output.text;
    if (output.status === 0) return output;
    if (isHopeless(said)) return { ...output, text: withRemedy(said, config, host) };
    if (Date.now() + CONNECT_RETRY_MS > deadline) {
      const seconds = Math.round(limitMs / SECOND);
      const silent = `it accepts connections, but nothing answers on port ${host.port}`;
      return { ...output, text: `no login within ${seconds} s: ${said.trim() || silent}` };
    }
    await delay(CONNECT_RETRY_MS, undefined, { signal });
  }
}

/** A machine that boots may refuse connections and even keys for a while; none of these heals by waiting. */
function isHopeless(text: string): boolean {
  return /HOST IDENTIFICATION HAS CHANGED|UNPROTECTED PRIVATE KEY|Host key verification failed|no such identity|Could not resolve|ssh is missing/i.test(
    text,
  );
}

/** ssh says what is wrong; what to do about it is ours to know. */
function withRemedy(text: string, config: string, { address, port }: Host): string {
  if (!/HOST IDENTIFICATION HAS CHANGED/.test(text)) return text;
  const place = port === SSH_PORT ? address : `[${address}]:${port}`;
  const forget = `ssh-keygen -f ${join(dirname(config), 'known_hosts')} -R ${place}`;
  return `the machine at ${address} has another key than before. Is it the right one, made anew? Then: ${forget}\nand the same again; if not, somebody is in between.`;
}

async function push(context: StepContext, host: Host, limitMs: number): Promise<RemoteOutput> {
  const { archive, config, signal } = context;
  const deadline = Date.now() + limitMs;
  const cleared = await bootstrap(() => ['clear'])(context, host, limitMs);
  if (cleared.status !== 0) return cleared;
  const unpack = `tar -xz --no-same-owner -C ${REMOTE_ROOT}/.incoming`;
  const timeoutMs = Math.max(SECOND, deadline - Date.now());
  const unpacked = await ssh(config, host.id, unpack, { timeoutMs, signal, input: await archive });
  if (unpacked.status !== 0) return unpacked;
  return bootstrap(() => ['place'])(context, host, Math.max(SECOND, deadline - Date.now()));
}

function bootstrap(argv: (context: StepContext, host: Host) => readonly string[]): HostStep['run'] {
  return (context, host, timeoutMs) => {
    const { root, config, signal } = context;
    const script = readFileSync(join(root, 'scripts/hosts/bootstrap.sh'), 'utf8');
    const command = shellQuote(['bash', '-s', '--', ...argv(context, host)]);
    return ssh(config, host.id, command, { timeoutMs, signal, input: script });
  };
}

function toolsOf({ chain }: StepContext, host: Host): readonly string[] {
  const etcd = registryHost(chain).id === host.id ? ['etcd'] : [];
  if (host.role === 'registry') return etcd;
  const programs = chainToolName(chain.shape)
    .split(',')
    .map((name) => name.replace(/:.*/, ''));
  return [...etcd, ...new Set(programs)];
}
