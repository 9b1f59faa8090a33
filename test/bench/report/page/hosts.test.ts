// The table of the machines, and the bound of their clocks beside every latency between them.

import test from 'ava';
import { renderReport } from '../../../../bench/report/html.ts';
import { renderSummary } from '../../../../bench/report/summary.ts';
import type { HostFacts, Result } from '../../../../bench/result.ts';
import { passingResult } from '../fixture.ts';

function host(id: string, clock: HostFacts['clock'], more: Partial<HostFacts> = {}): HostFacts {
  return {
    ...{ id, role: 'instance', address: '198.51.100.7', instanceType: null, cpu: 'x', cores: 2 },
    ...{ memoryBytes: 8e9, kernel: '6', node: 'v24', filesystem: 'xfs', syncWriteMbPerSecond: null, clock },
    ...more,
  };
}

function overMachines(): Result {
  const result = passingResult();
  return {
    ...result,
    latencyMs: result.latencyMs === null ? null : { ...result.latencyMs, clockBoundMs: 0.84 },
    destinations: result.destinations.map((each) => ({
      ...each,
      latencyMs: each.latencyMs === null ? null : { ...each.latencyMs, clockBoundMs: 0.84 },
    })),
    hosts: [
      host('instance1', { offsetMs: 0, boundMs: 0 }),
      host('instance2', { offsetMs: -1.5, boundMs: 0.4 }, { instanceType: 'c6i.large' }),
      host('a', { offsetMs: 0.001, boundMs: 0.84 }, { role: 'destination', syncWriteMbPerSecond: 250 }),
    ],
  };
}

test('machines: who they are, and how far their clocks are apart', (t) => {
  const page = renderReport(overMachines());
  t.regex(page, /<h2>Machines<\/h2>/);
  t.regex(page, />instance1<\/th>[\s\S]*?the run’s<\/td>/);
  t.regex(page, />instance2<\/th>[\s\S]*?c6i\.large[\s\S]*?-1\.50 ms ±0\.40 ms<\/td>/);
  t.regex(
    page,
    />a<\/th><td>198\.51\.100\.7<\/td><td>destination<\/td>[\s\S]*?250 MB\/s[\s\S]*?>0 ms ±0\.84 ms<\/td>/,
  );
  t.regex(page, /--chain machines\.yaml/);
});

test('every latency between machines has the bound beside it; one machine has none', (t) => {
  const page = renderReport(overMachines());
  t.is(page.match(/<td class="n">±0\.84 ms<\/td>/g)?.length, 3, 'a destination each');
  t.is(page.match(/clocks ±0\.84 ms/g)?.length, 3, 'headline, chart, and what the chart is drawn from');
  t.regex(renderSummary(overMachines(), { color: false, width: 100 }), /\d ms ±0\.84 ms/);
  const alone = renderReport(passingResult());
  t.false(alone.includes('Machines</h2>') || alone.includes('±') || alone.includes('--chain'));
});
