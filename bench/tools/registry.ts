// The tools that a chain can be run with.

import { BenchError } from '../run-error.ts';
import { agent } from '../tools/agent/agent.ts';
import { rsyslog } from './rsyslog/rsyslog.ts';
import { socat } from './socat/socat.ts';
import type { Tool } from './tool.ts';

export const tools: readonly Tool[] = [agent, rsyslog, socat];

export function toolNamed(name: string): Tool {
  const tool = tools.find((candidate) => candidate.name === name);
  if (tool !== undefined) return tool;
  const names = tools.map((candidate) => candidate.name).join(', ');
  throw new BenchError('usage', `no tool '${name}'; there are ${names}`);
}
