// An agent of this process, with all that the real one has: for what cannot be done to a process from outside.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { Agent } from '../../agent/agent.ts';
import { loadConfig } from '../../agent/config/load.ts';
import type { Disk } from '../../agent/log/disk.ts';
import { captureLogger, type Line } from '../agent/source/captured-logger.ts';
import { eventsIn } from '../agent/source/event-log.ts';
import type { Health } from './agent-process.ts';
import { addressOf, configOf, QUICK_LOG } from './chain.ts';
import { Metrics } from './metrics.ts';

export interface Node {
  readonly logDir: string;
  readonly lines: readonly Line[];
  start(): Promise<void>;
  close(): Promise<void>;
  health(): Promise<Health & { readonly degraded: readonly string[]; readonly code: number }>;
  metrics(): Promise<Metrics>;
  events(): Promise<Buffer>;
}

/** An agent of this process, with all that the real one has but its disk. */
export async function nodeOf(
  t: ExecutionContext,
  dir: string,
  host: number,
  parts: { id: string; sources?: object[]; destinations?: object[] },
  disk?: Disk,
): Promise<Node> {
  const file = join(dir, `${parts.id}.json`);
  const logDir = join(dir, parts.id);
  const log = { ...QUICK_LOG, dir: logDir };
  await writeFile(file, JSON.stringify({ ...configOf(parts.id, host, parts), log }));
  const { logger, lines } = captureLogger();
  const http = `http://${addressOf(host, 8100)}`;
  let agent: Agent | null = null;
  const close = async () => {
    await agent?.close();
    agent = null;
  };
  t.teardown(close);
  return {
    logDir,
    lines,
    close,
    start: async () => {
      agent = await Agent.start(await loadConfig(file), logger, disk === undefined ? {} : { disk });
    },
    health: async () => {
      const response = await fetch(`${http}/healthz`);
      const body = (await response.json()) as Health & { readonly degraded: readonly string[] };
      return { ...body, code: response.status };
    },
    metrics: async () => new Metrics(await (await fetch(`${http}/metrics`)).text()),
    events: () => eventsIn(logDir),
  };
}
