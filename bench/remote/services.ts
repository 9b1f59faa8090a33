// Processes that run whether anybody is logged in or not, and that are started again when they end: systemd units
// where the machine has systemd, else a small supervisor each. Units start at boot, supervisors do not.

import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { writeWhole } from '../chain/chain-file.ts';
import { type ProcessRecord, startProcess, stopProcess } from '../chain/process.ts';
import { isAlive } from '../chain/procfs.ts';
import { BenchError, hasCode } from '../run-error.ts';

const run = promisify(execFile);
const UNITS = '/etc/systemd/system';
const STOP_MS = 30_000;
const DESCRIPTORS_MAX = 65_536;
const SUPERVISE = 'scripts/hosts/supervise.sh';
const RECORDS = 'services.json';

export interface Service {
  /** `spillway-instance2`. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Standard output and error are appended to it. */
  readonly out: string;
}

export interface Services {
  /** Those of before, by the same names or others, are stopped first. */
  start(services: readonly Service[]): Promise<void>;
  stop(): Promise<void>;
  /** Names of those that should run and do not. */
  down(): Promise<readonly string[]>;
}

/** `folder`: where the supervised ones are recorded. */
export async function servicesHere(root: string, folder: string): Promise<Services> {
  const systemd = await access('/run/systemd/system').then(
    () => true,
    () => false,
  );
  return systemd ? systemdServices() : supervisedServices(root, folder);
}

export function unitText({ name, argv, env, cwd, out }: Service, user: string): string {
  const variables = Object.entries(env).map(([key, value]) => `Environment=${quoted(`${key}=${value}`)}`);
  return [
    '[Unit]',
    `Description=${name}`,
    'Wants=network-online.target',
    'After=network-online.target',
    'StartLimitIntervalSec=0',
    '[Service]',
    `User=${user}`,
    `WorkingDirectory=${cwd.replaceAll('%', '%%')}`,
    ...variables,
    `ExecStart=${argv.map((word) => quoted(word).replaceAll('$', '$$$$')).join(' ')}`,
    'Restart=always',
    'RestartSec=1',
    `TimeoutStopSec=${STOP_MS / 1000}`,
    `LimitNOFILE=${DESCRIPTORS_MAX}`,
    `StandardOutput=append:${out.replaceAll('%', '%%')}`,
    'StandardError=inherit',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
}

/** As systemd reads it: C escapes within double quotes, and no specifiers. */
function quoted(word: string): string {
  return `"${word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')}"`;
}

/** `folder`: systemd's, where an administrator's units lie. */
export function systemdServices(folder = UNITS): Services {
  return {
    async start(services) {
      await removeOthers(folder, services);
      for (const service of services) {
        await mkdir(dirname(service.out), { recursive: true });
        await installUnit(folder, service);
      }
      await asRoot(['systemctl', 'daemon-reload']);
      for (const { name } of services) await asRoot(['systemctl', 'enable', '--quiet', name]);
      for (const { name } of services) await asRoot(['systemctl', 'restart', name]);
    },
    async stop() {
      const units = await ourUnits(folder);
      if (units.length > 0) await asRoot(['systemctl', 'stop', ...units]);
    },
    async down() {
      const states = await Promise.all(
        (await ourUnits(folder)).map(async (unit) => [unit, await stateOf(unit)]),
      );
      return states.filter(([, state]) => state !== 'active').map(([unit]) => unit ?? '');
    },
  };
}

/** A machine that has become another node would be the old one as well, after its next boot. */
async function removeOthers(folder: string, services: readonly Service[]): Promise<void> {
  const wanted = services.map(({ name }) => `${name}.service`);
  for (const unit of (await ourUnits(folder)).filter((name) => !wanted.includes(name))) {
    await asRoot(['systemctl', 'disable', '--now', '--quiet', unit]);
    await asRoot(['rm', '-f', '--', join(folder, unit)]);
  }
}

async function installUnit(units: string, service: Service): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'spillway-unit-'));
  try {
    const file = join(folder, `${service.name}.service`);
    await writeFile(file, unitText(service, userInfo().username));
    await asRoot(['install', '-m', '644', file, join(units, basename(file))]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** systemctl fails where it would have to say that there are none. */
async function ourUnits(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => /^spillway-.*\.service$/.test(name));
}

async function stateOf(unit: string): Promise<string> {
  const { stdout } = await run('systemctl', ['show', '--property=ActiveState', '--value', unit]);
  return stdout.trim();
}

async function asRoot(argv: readonly string[]): Promise<void> {
  const [command = '', ...args] = process.getuid?.() === 0 ? argv : ['sudo', '-n', ...argv];
  try {
    await run(command, args, { timeout: 2 * STOP_MS });
  } catch (cause) {
    const said = String((cause as { stderr?: string }).stderr ?? '').trim();
    throw new BenchError(
      'run',
      `${argv.slice(0, 2).join(' ')} failed: ${said === '' ? String(cause) : said}`,
      { cause },
    );
  }
}

function supervisedServices(root: string, folder: string): Services {
  const file = join(folder, RECORDS);
  const records = async () => {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return '[]';
      throw error;
    });
    return JSON.parse(text) as readonly ProcessRecord[];
  };
  const stop = async () => {
    await Promise.all((await records()).map((record) => stopProcess(record, STOP_MS)));
    await rm(file, { force: true });
  };
  return {
    stop,
    async start(services) {
      await stop();
      await mkdir(folder, { recursive: true });
      const started: ProcessRecord[] = [];
      for (const { name, argv, ...rest } of services) {
        const supervised = [join(root, SUPERVISE), ...argv];
        const { record } = await startProcess({
          ...{ ...rest, name, node: name, group: 'tool', stop: 'process', argv: supervised },
        });
        started.push(record);
        await writeWhole(file, JSON.stringify(started));
      }
    },
    async down() {
      const all = await records();
      const alive = await Promise.all(all.map((record) => isAlive(record)));
      return all.filter((_, index) => alive[index] !== true).map(({ name }) => name);
    },
  };
}
