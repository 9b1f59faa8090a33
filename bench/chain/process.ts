// One process of a chain: started in a process group of its own with its output in files, known by pid and start
// time, stopped by SIGTERM and after a deadline by SIGKILL. It may outlive the rig: then only its record is left.

import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchError, hasCode } from '../run-error.ts';
import { CHAIN_MARKER } from './layout.ts';
import {
  groupMembers,
  isAlive,
  type ProcessIdentity,
  type ProcessState,
  readEnvironment,
  readProcess,
} from './procfs.ts';

const POLL_MS = 20;
const KILL_WAIT_MS = 5000;

export interface ProcessRecord extends ProcessIdentity {
  /** Unique in the chain: `instance2` or `instance2/socat-a`. */
  readonly name: string;
  readonly node: string;
  readonly group: 'tool' | 'rig';
  readonly argv: readonly string[];
  readonly out: string;
  /** Whom SIGTERM goes to. */
  readonly stop: 'process' | 'group';
}

export interface SpawnRequest {
  readonly name: string;
  readonly node: string;
  readonly group: ProcessRecord['group'];
  readonly stop: ProcessRecord['stop'];
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Standard output and error are appended to this file. */
  readonly out: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface StartedProcess {
  readonly record: ProcessRecord;
  readonly exited: Promise<Exit>;
}

export async function startProcess(request: SpawnRequest): Promise<StartedProcess> {
  const [command, ...args] = request.argv;
  if (command === undefined) throw new BenchError('run', `${request.name}: nothing to start`);
  await mkdir(dirname(request.out), { recursive: true });
  const out = openSync(request.out, 'a');
  const child = spawn(command, args, {
    cwd: request.cwd,
    env: { ...process.env, ...request.env },
    detached: true,
    stdio: ['ignore', out, out],
  });
  closeSync(out);
  const exited = new Promise<Exit>((settle) => {
    child.once('exit', (code, signal) => settle({ code, signal }));
    child.once('error', () => settle({ code: 127, signal: null }));
  });
  child.unref();
  const { pid } = child;
  const state = pid === undefined ? null : await readProcess(pid);
  if (pid === undefined) {
    throw new BenchError('run', `cannot start ${request.name}: ${command} is missing or not executable`);
  }
  // It ended faster than it could be looked at.
  if (state === null) throw new BenchError('tool-failed', `${request.name} ended at start`);
  const { name, node, group, argv, out: output, stop } = request;
  const record = { name, node, group, pid, startTime: state.startTime, argv, out: output, stop };
  return { record, exited };
}

/** For SIGSTOP and SIGCONT: everything in the process's group. */
export async function signalGroup(record: ProcessIdentity, signal: NodeJS.Signals): Promise<void> {
  for (const member of await membersOf(record)) signalOne(member.pid, signal);
}

/**
 * SIGTERM to the process, or to its group; SIGKILL to everything left in its group after `termMs`.
 * A stopped (SIGSTOP) process is continued first, or it could not end.
 */
export async function stopProcess(
  record: ProcessRecord,
  termMs: number,
): Promise<'gone' | 'stopped' | 'killed'> {
  const alive = await isAlive(record);
  if (alive && record.stop === 'process') signalOne(record.pid, 'SIGTERM');
  if (alive && record.stop === 'group') await signalGroup(record, 'SIGTERM');
  await signalGroup(record, 'SIGCONT');
  if (await waitGone(record, alive ? termMs : 0)) return alive ? 'stopped' : 'gone';
  await killProcess(record);
  return 'killed';
}

export async function killProcess(record: ProcessIdentity): Promise<void> {
  await signalGroup(record, 'SIGKILL');
  if (await waitGone(record, KILL_WAIT_MS, 'SIGKILL')) return;
  throw new BenchError('run', `pid ${record.pid} does not end, not even by SIGKILL`);
}

/** Gone means: the process itself and whoever is left in its group. */
async function waitGone(
  record: ProcessIdentity,
  timeoutMs: number,
  again?: NodeJS.Signals,
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const left = await membersOf(record);
    if (left.length === 0) return true;
    if (Date.now() >= deadline) return false;
    // A member may have forked while its group was being signalled.
    if (again !== undefined) for (const member of left) signalOne(member.pid, again);
    await delay(POLL_MS);
  }
}

/** Only what carries our marker: after a reboot the group's number may be a stranger's. */
async function membersOf(record: ProcessIdentity): Promise<ProcessState[]> {
  const members = await groupMembers(record.pid);
  const ours = await Promise.all(
    members.map(async (member) => (await readEnvironment(member.pid))?.has(CHAIN_MARKER)),
  );
  return members.filter((_, index) => ours[index] === true);
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // Gone in the meantime, which is what a signal is for.
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}
