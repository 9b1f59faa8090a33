// A chain of real agents: a spool that instance1 tails, hops between them, and a last one that fans out.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { until } from '../agent/source/until.ts';
import { AgentProcess } from './agent-process.ts';

/** Loopback addresses that only this test process uses. */
export function addressOf(host: number, port: number): string {
  return `127.${20 + (process.pid % 200)}.${(process.pid >> 8) % 250}.${host}:${port}`;
}

export async function temporaryDirectory(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-flow-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Small and quick: what takes seconds in production takes a fraction of one here. */
export const QUICK_LOG = {
  durability: 'fsync',
  segmentBytes: 1_048_576,
  capBytes: 134_217_728,
  keepBytes: 67_108_864,
  reserveBytes: 0,
};
export const QUICK_TAIL = { pollMs: 5, idlePollMs: 50, rescanMs: 100, activeMs: 1_000 };
export const QUICK_LISTEN = { heartbeatMs: 100, peerTimeoutMs: 1_500, handshakeTimeoutMs: 1_500 };
export const QUICK_DESTINATION = {
  heartbeatMs: 100,
  peerTimeoutMs: 1_500,
  connectTimeoutMs: 1_500,
  retryMinMs: 20,
  retryMaxMs: 200,
};

export const tailOf = (dir: string, more: object = {}) => ({
  type: 'tail',
  name: 'events',
  dir,
  ...QUICK_TAIL,
  ...more,
});
export const listenOn = (host: number, more: object = {}) => ({
  type: 'listen',
  name: 'hop',
  address: addressOf(host, 4100),
  ...QUICK_LISTEN,
  ...more,
});
export const destinationAt = (name: string, host: number, more: object = {}) => ({
  name,
  address: addressOf(host, 4100),
  ...QUICK_DESTINATION,
  ...more,
});

/** The whole configuration of one agent; `host` is the last part of its address. */
export function configOf(id: string, host: number, parts: object = {}) {
  return { id, log: QUICK_LOG, http: { address: addressOf(host, 8100) }, stop: { drainMs: 3_000 }, ...parts };
}

/** instance1 (tail) -> instance2 -> instance3 -> a, b, c. Nothing is started yet. */
export class Chain {
  readonly spool: string;
  readonly agents: readonly AgentProcess[];

  private constructor(spool: string, agents: readonly AgentProcess[]) {
    this.spool = spool;
    this.agents = agents;
  }

  static async prepare(t: ExecutionContext, firstHost: number): Promise<Chain> {
    const dir = await temporaryDirectory(t);
    const spool = join(dir, 'spool');
    await mkdir(spool);
    const host = (index: number) => firstHost + index;
    const hop = (index: number, id: string) => [destinationAt(id, host(index))];
    const configs = [
      configOf('instance1', host(0), { sources: [tailOf(spool)], destinations: hop(1, 'instance2') }),
      configOf('instance2', host(1), { sources: [listenOn(host(1))], destinations: hop(2, 'instance3') }),
      configOf('instance3', host(2), {
        sources: [listenOn(host(2))],
        destinations: ['a', 'b', 'c'].flatMap((id, index) => hop(3 + index, id)),
      }),
      ...['a', 'b', 'c'].map((id, index) =>
        configOf(id, host(3 + index), { sources: [listenOn(host(3 + index))] }),
      ),
    ];
    const agents = await Promise.all(configs.map((config) => AgentProcess.prepare(t, dir, config)));
    return new Chain(spool, agents);
  }

  async start(): Promise<void> {
    await Promise.all(this.agents.map((agent) => agent.start()));
  }

  /** Every agent has exactly these bytes, and its counters close. */
  async delivers(t: ExecutionContext, expected: Buffer, withinMs = 20_000): Promise<void> {
    for (const agent of this.agents) await delivers(t, agent, expected, withinMs);
    for (const agent of this.agents) {
      await until(`${agent.id} has nothing buffered`, async () => {
        const metrics = await agent.metrics();
        return metrics.sum('spillway_destination_buffered_bytes') === 0;
      });
      const metrics = await agent.metrics();
      t.deepEqual(metrics.openEquations(), [], agent.id);
      t.is(metrics.sum('spillway_log_appended_bytes_total'), expected.length, agent.id);
    }
  }
}

/** The agent's log holds exactly these bytes. */
export async function delivers(
  t: ExecutionContext,
  agent: AgentProcess,
  expected: Buffer,
  withinMs = 20_000,
): Promise<void> {
  let seen: Buffer = Buffer.alloc(0);
  await until(
    `${agent.id} has ${expected.length} bytes`,
    async () => {
      seen = await agent.events();
      return seen.length >= expected.length;
    },
    {
      withinMs,
      show: () => `${seen.length} bytes; ${agent.errors} ${JSON.stringify(agent.lines.slice(-6))}`,
    },
  );
  t.is(
    firstDifference(seen, expected),
    -1,
    `${agent.id} differs, ${seen.length} bytes, expected ${expected.length}`,
  );
}

/** Where they first differ; -1: they are the same. */
export function firstDifference(a: Buffer, b: Buffer): number {
  if (a.equals(b)) return -1;
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at;
}
