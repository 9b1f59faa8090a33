// A changed configuration for an agent that runs, and what it made of the last ones.

import { parse } from 'yaml';
import { BenchError } from '../../run-error.ts';
import type { ToolReload } from '../tool.ts';
import { fetchMetrics } from './accounts.ts';
import { sumOf } from './prometheus.ts';

export const agentReload: ToolReload = {
  changed(text, { without, set }) {
    const config: unknown = parse(text);
    if (typeof config !== 'object' || config === null || !('destinations' in config)) throw unknownShape();
    const { destinations } = config;
    if (!Array.isArray(destinations)) throw unknownShape();
    const left = (destinations as readonly { readonly name: string }[])
      .filter(({ name }) => !without.includes(name))
      .map((destination) => ({ ...destination, ...set }));
    // JSON is YAML
    return JSON.stringify({ ...config, destinations: left }, null, 2);
  },
  async outcomes(node) {
    const samples = await fetchMetrics(node);
    const of = (outcome: string) => sumOf(samples, 'spillway_config_reloads_total', { outcome });
    return { applied: of('applied'), unchanged: of('unchanged'), refused: of('refused') };
  },
};

function unknownShape(): BenchError {
  return new BenchError('run', 'the configuration has no list of destinations that could be changed');
}
