// A real agent: `node agent/main.ts run --config FILE`, started, signalled and looked at from outside only. It is
// killed when the test ends, however that ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { eventsIn } from '../agent/source/event-log.ts';
import { until } from '../agent/source/until.ts';
import { Metrics } from './metrics.ts';

export const MAIN = join(import.meta.dirname, '../../agent/main.ts');

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface AgentLine {
  readonly level: number;
  readonly msg: string;
  readonly [key: string]: unknown;
}

export interface Health {
  readonly status: string;
  readonly reasons: readonly string[];
  readonly away: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

export class AgentProcess {
  readonly id: string;
  readonly dir: string;
  readonly logDir: string;
  readonly configFile: string;
  readonly #http: string;
  #child: ChildProcess | null = null;
  #exit: Promise<Exit> | null = null;
  #output = '';
  /** Everything it wrote to standard error, over all its lives. */
  errors = '';

  private constructor(dir: string, id: string, http: string) {
    this.dir = dir;
    this.id = id;
    this.logDir = join(dir, 'log');
    this.configFile = join(dir, 'agent.yaml');
    this.#http = http;
  }

  /** Writes the configuration (JSON is YAML); `log.dir` defaults to a directory of its own. */
  static async prepare(
    t: ExecutionContext,
    parent: string,
    config: { id: string; http: { address: string }; log?: object; [key: string]: unknown },
  ): Promise<AgentProcess> {
    const dir = join(parent, config.id);
    const agent = new AgentProcess(dir, config.id, `http://${config.http.address}`);
    t.teardown(() => agent.signal('SIGKILL'));
    await mkdir(dir, { recursive: true });
    await agent.configure(config);
    return agent;
  }

  async configure(config: { log?: object; [key: string]: unknown }): Promise<void> {
    const whole = { ...config, log: { dir: this.logDir, ...config.log } };
    await writeFile(this.configFile, JSON.stringify(whole, null, 2));
  }

  /** Starts it; resolves when it says that it is started. */
  async start(options: { command?: readonly string[] } = {}): Promise<void> {
    const before = this.#output.length;
    this.launch(options);
    await until(
      `${this.id} started`,
      () => {
        if (this.#child?.exitCode !== null)
          throw new Error(`${this.id} ended: ${this.errors}${this.#output}`);
        return this.#output.indexOf('"msg":"started"', before) !== -1;
      },
      { withinMs: 40_000, show: () => this.errors + this.#output },
    );
  }

  /** Starts it and does not wait. `command` is put before node, for instance a shell that sets limits. */
  launch({ command = [] }: { command?: readonly string[] } = {}): void {
    const [program = '', ...args] = [...command, process.execPath, MAIN, 'run', '--config', this.configFile];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.errors += chunk.toString();
    });
    this.#child = child;
    this.#exit = once(child, 'exit').then(([code, signal]) => ({ code, signal }) as Exit);
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.id} does not run`);
    return pid;
  }

  /** Sends a signal without waiting for anything. */
  send(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Sends a signal that ends it, and waits for that. */
  async signal(signal: NodeJS.Signals): Promise<Exit | null> {
    if (this.#child === null || this.#exit === null) return null;
    this.#child.kill(signal);
    return await this.ended();
  }

  async ended(): Promise<Exit> {
    if (this.#exit === null) throw new Error(`${this.id} was never started`);
    const exit = await this.#exit;
    this.#child = null;
    return exit;
  }

  get lines(): AgentLine[] {
    return this.#output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as AgentLine);
  }

  said(text: string): boolean {
    return this.#output.includes(text);
  }

  async metrics(): Promise<Metrics> {
    const response = await fetch(`${this.#http}/metrics`);
    return new Metrics(await response.text());
  }

  async health(): Promise<Health> {
    const response = await fetch(`${this.#http}/healthz`);
    return (await response.json()) as Health;
  }

  events(): Promise<Buffer> {
    return eventsIn(this.logDir);
  }
}
