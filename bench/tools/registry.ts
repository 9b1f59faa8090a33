// The tools that a chain can be run with, by the name that `--tool` takes.

import { BenchError } from '../run-error.ts';
import { agent } from '../tools/agent/agent.ts';
import { agentScribe } from './agent-scribe/agent-scribe.ts';
import { fluentBitTools } from './fluent-bit/fluent-bit.ts';
import { flumeTools } from './flume/flume.ts';
import { mixedTool } from './mixed.ts';
import { otelcolTools } from './otelcol/otelcol.ts';
import { rsyslogTools } from './rsyslog/rsyslog.ts';
import { scribeTools } from './scribe/scribe.ts';
import { socat } from './socat/socat.ts';
import { syslogNgTools } from './syslog-ng/syslog-ng.ts';
import type { Tool } from './tool.ts';
import { vectorTools } from './vector/vector.ts';

export const tools: readonly Tool[] = [
  agent,
  agentScribe,
  ...rsyslogTools,
  ...syslogNgTools,
  ...flumeTools,
  ...scribeTools,
  ...fluentBitTools,
  ...vectorTools,
  ...otelcolTools,
  socat,
];

/** `rsyslog`, `rsyslog:tuned`, or link by link `flume,rsyslog,agent`. */
export function toolNamed(name: string): Tool {
  if (!name.includes(',')) return singleTool(name);
  return mixedTool(name, name.split(',').map(singleTool));
}

/** Of a mixed chain: the tool of each link; of any other one the same for all. */
export function linkToolName(name: string, link: number): string {
  const names = name.split(',');
  return names[link] ?? names[0] ?? name;
}

function singleTool(name: string): Tool {
  const wanted = name.endsWith(DEFAULTS) ? name.slice(0, -DEFAULTS.length) : name;
  const tool = tools.find((candidate) => candidate.name === wanted);
  if (tool !== undefined) return tool;
  const names = tools.map((candidate) => candidate.name).join(', ');
  throw new BenchError('usage', `no tool '${name}'; there are ${names}`);
}

const DEFAULTS = ':defaults';
