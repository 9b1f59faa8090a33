// A real etcd for one test file: its own port, its data in memory, started, killed and wiped at will.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const TOOLS = join(import.meta.dirname, '../../../.tools/etcd/usr/bin');
const START_TIMEOUT_MS = 10_000;

/** The program, or undefined where `scripts/setup.sh` could not get one. */
export function findEtcd(): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), TOOLS];
  return directories.map((directory) => join(directory, 'etcd')).find((path) => existsSync(path));
}

export class EtcdServer {
  readonly endpoint: string;
  readonly #program: string;
  readonly #peer: string;
  readonly #dir: string;
  #child: ChildProcess | undefined;

  private constructor(program: string, dir: string, ports: readonly [number, number]) {
    this.#program = program;
    this.#dir = dir;
    this.endpoint = `http://127.0.0.1:${ports[0]}`;
    this.#peer = `http://127.0.0.1:${ports[1]}`;
  }

  /** Picks its ports, and does not start yet. */
  static async prepare(program: string): Promise<EtcdServer> {
    const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
    return new EtcdServer(program, await mkdtemp(join(parent, 'spillway-etcd-')), await freePorts());
  }

  async start(): Promise<void> {
    const args = [
      ...['--data-dir', join(this.#dir, 'data'), '--name', 'test', '--log-level', 'error', '--logger', 'zap'],
      ...['--listen-client-urls', this.endpoint, '--advertise-client-urls', this.endpoint],
      ...['--listen-peer-urls', this.#peer, '--initial-advertise-peer-urls', this.#peer],
      ...['--initial-cluster', `test=${this.#peer}`],
    ];
    this.#child = spawn(this.#program, args, { stdio: 'ignore' });
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await this.#answers())) {
      if (Date.now() > deadline || this.#child.exitCode !== null) throw new Error('etcd does not start');
      await sleep(20);
    }
  }

  /** SIGKILL: what etcd has synced is there at the next start. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Stopped in the middle of everything: its ports accept and nothing answers. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async wipe(): Promise<void> {
    await this.kill();
    await rm(join(this.#dir, 'data'), { recursive: true, force: true });
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    try {
      const response = await fetch(`${this.endpoint}/health`, { signal: AbortSignal.timeout(1_000) });
      return (await response.text()).includes('"true"');
    } catch {
      return false; // not yet
    }
  }
}

async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  const ports = await Promise.all(
    servers.map(async (server) => {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const bound = server.address();
      return typeof bound === 'object' && bound !== null ? bound.port : 0;
    }),
  );
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return [ports[0] ?? 0, ports[1] ?? 0];
}
