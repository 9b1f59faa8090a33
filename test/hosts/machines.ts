// Namespaces as machines, for one test: rig.sh and the mirror beside it, ended and removed with the test.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { findEtcd } from '../../bench/chain/etcd.ts';
import { fillMirror } from './mirror.ts';

const run = promisify(execFile);
export const PROJECT = join(import.meta.dirname, '../..');
const SSHD = join(PROJECT, '.tools/openssh-server');
const MIRROR = '10.99.0.1';
const MIRROR_PORT = 4873;

interface Teardown {
  teardown(undo: () => Promise<void>): void;
}

export interface Outcome {
  readonly code: number | null;
  readonly text: string;
}

/** null: namespaces can be made here; else why not. */
export async function whyNoMachines(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'only root can make network namespaces';
  try {
    await run('unshare', ['--net', '--mount', '--pid', '--fork', 'true']);
    const packages = ['openssh-server', '--libs', 'libwrap0'];
    await run(join(PROJECT, 'scripts/fetch-deb.sh'), [SSHD, ...packages], { timeout: 120_000 });
    return null;
  } catch (error) {
    return String((error as { stderr?: string }).stderr ?? error).trim();
  }
}

export class Machines {
  readonly work = mkdtempSync(join(tmpdir(), 'spillway-machines-'));
  /** What lies between the machines: delay and loss, or that there is none. */
  conditions = '';
  #hub = 0;

  /** The private key that all of them know. */
  get key(): string {
    return join(this.work, 'key');
  }

  static async start(t: Teardown, count: number): Promise<Machines> {
    const machines = new Machines();
    t.teardown(async () => rmSync(machines.work, { recursive: true, force: true }));
    const archives = join(PROJECT, '.tools/npm-mirror');
    await fillMirror(archives);
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', machines.key]);
    await machines.#startRig(t, count);
    await machines.#startMirror(t, archives);
    return machines;
  }

  /** Of machine 1, 2, ... */
  address(number: number): string {
    return `10.99.0.${10 + number}`;
  }

  /** What is left of create on a machine: files below its private folders. */
  remains(number: number): string[] {
    const home = join(this.work, `hosts/host${number}`);
    return ['opt', 'bin', 'profile.d', 'tmp'].flatMap((folder) =>
      readdirSync(join(home, folder)).map((name) => `${folder}/${name}`),
    );
  }

  /** A command on this machine, in the network that reaches them. */
  async run(cwd: string, command: string, args: readonly string[], timeoutMs: number): Promise<Outcome> {
    const argv = ['--target', String(this.#hub), '--net', command, ...args];
    const env = { ...process.env, SPILLWAY_NPM_REGISTRY: `http://${MIRROR}:${MIRROR_PORT}` };
    try {
      const options = { cwd, env, timeout: timeoutMs, maxBuffer: 2 ** 24 };
      const { stdout, stderr } = await run('nsenter', argv, options);
      return { code: 0, text: stdout + stderr };
    } catch (error) {
      const {
        code = null,
        stdout = '',
        stderr = '',
      } = error as { code?: number; stdout?: string; stderr?: string };
      return { code, text: `${stdout}${stderr}` };
    }
  }

  async #startRig(t: Teardown, count: number): Promise<void> {
    const hosts = join(this.work, 'hosts');
    mkdirSync(hosts);
    const etcd = await findEtcd(PROJECT);
    const argv = [join(import.meta.dirname, 'rig.sh'), hosts, String(count), `${this.key}.pub`];
    const env = { ...process.env, ...(etcd !== null && { SPILLWAY_TEST_ETCD: etcd.binary }) };
    const rig = spawn('bash', argv, { stdio: ['pipe', 'pipe', 'pipe'], env });
    t.teardown(async () => {
      rig.stdin.end();
      if (rig.exitCode === null) await once(rig, 'exit');
    });
    this.conditions = (await firstLine(rig)).replace('ready; ', '');
    this.#hub = Number(readFileSync(`/proc/${rig.pid}/task/${rig.pid}/children`, 'utf8').trim());
  }

  async #startMirror(t: Teardown, archives: string): Promise<void> {
    const argv = [
      '--target',
      String(this.#hub),
      '--net',
      process.execPath,
      join(import.meta.dirname, 'mirror.ts'),
    ];
    const mirror = spawn('nsenter', [...argv, MIRROR, String(MIRROR_PORT), archives], { stdio: 'pipe' });
    t.teardown(async () => {
      mirror.kill('SIGKILL');
      if (mirror.exitCode === null && mirror.signalCode === null) await once(mirror, 'exit');
    });
    await firstLine(mirror);
  }
}

/** A hosts file whose machines have these ids, in order. */
export function writeHostsFile(machines: Machines, ids: readonly string[]): string {
  const file = join(machines.work, 'hosts.yaml');
  const lines = ids.map(
    (id, index) => `  - { id: ${id}, address: ${machines.address(index + 1)}, key: key }`,
  );
  writeFileSync(file, ['log: { cap: 1GiB, keep: 256MiB }', 'hosts:', ...lines, ''].join('\n'));
  return file;
}

async function firstLine(child: ChildProcess): Promise<string> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  if (child.stdout === null) throw new Error('no output to read');
  for await (const line of createInterface({ input: child.stdout })) {
    child.stdout.resume();
    return line;
  }
  throw new Error(`it ended before it was ready: ${said}`);
}
