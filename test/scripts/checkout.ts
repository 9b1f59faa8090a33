// A pretend checkout in a temporary folder (with a space in its path): this project's scripts, this project's
// packages, and whatever a test puts beside them. What it started in it is ended with it.

import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ExecutionContext } from 'ava';

const PROJECT = join(import.meta.dirname, '../..');

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export class Checkout {
  readonly root: string;

  constructor(t: ExecutionContext) {
    this.root = realpathSync(mkdtempSync(join(tmpdir(), 'spillway checkout ')));
    t.teardown(() => rmSync(this.root, { recursive: true, force: true }));
    cpSync(join(PROJECT, 'scripts'), join(this.root, 'scripts'), { recursive: true });
    for (const file of ['create.sh', 'destroy.sh', 'package.json', 'package-lock.json']) {
      cpSync(join(PROJECT, file), join(this.root, file));
    }
  }

  linkPackages(): void {
    symlinkSync(join(PROJECT, 'node_modules'), join(this.root, 'node_modules'));
  }

  write(path: string, text: string, mode = 0o644): string {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode });
    return file;
  }

  /** An instance's folder as the bench makes it; returns its events directory. */
  addInstance(id: string, more: Readonly<Record<string, unknown>> = {}): string {
    const eventsDir = join(this.root, '.spillway/local', id, 'events');
    mkdirSync(eventsDir, { recursive: true });
    const record = { id, address: '127.0.0.1', eventsDir, include: ['*.log'], ...more };
    this.write(`.spillway/local/${id}/instance.json`, JSON.stringify(record, null, 2));
    return eventsDir;
  }

  run(command: string, args: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    return new Promise((resolve) => {
      const options = { cwd: this.root, env: { ...process.env, ...environment }, timeout: 40_000 };
      execFile(join(this.root, command), [...args], options, (error, out, err) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
        resolve({ code, out, err });
      });
    });
  }
}

/** A process that only waits, with these variables in its environment; gone when the test ends. */
export function startMarked(
  t: ExecutionContext,
  script: string,
  environment: NodeJS.ProcessEnv,
): Promise<number> {
  const child = spawn('bash', ['-c', `${script}; echo ready; while :; do sleep 0.2; done`], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.stdout.once('data', () => resolve(child.pid ?? -1));
  });
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
