import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { rivalRate } from '../../../bench/run/rival-rate.ts';
import { scenarioSchema } from '../../../bench/scenario.ts';
import { toolNamed } from '../../../bench/tools/registry.ts';

function scenario(rate: string, steps: object[] = [{ at: '1s', do: 'stop', target: 'a', lasts: '1s' }]) {
  return scenarioSchema.parse({ name: 's', description: 'd', generator: { rate }, steps });
}

function rootWith(t: ExecutionContext, results: Record<string, object>): string {
  const root = mkdtempSync(join(tmpdir(), 'spillway-rates-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, result] of Object.entries(results)) {
    mkdirSync(join(root, 'results', name), { recursive: true });
    const whole = { schema: 'spillway-result/1', ...result };
    writeFileSync(join(root, 'results', name, 'result.json'), JSON.stringify(whole));
  }
  return root;
}

test('a rival of which nothing was measured meets faults at half of what its adapter assumes', async (t) => {
  const found = await rivalRate(rootWith(t, {}), toolNamed('rsyslog:tuned'), scenario('10M/min'));
  t.is(found?.rate.text, '2M/min');
  t.regex(
    found?.note ?? '',
    /2M\/min instead of 10M\/min: half of the 4M\/min .*nobody has measured it here/,
  );
});

test('what it sustained here counts instead: the latest that passed', async (t) => {
  const result = { tool: 'rsyslog:tuned', verdict: 'pass', rate: 'max: 3.0M/min' };
  const root = rootWith(t, {
    '1-single-hop-x': { ...result, startedAt: '2026-01-01', ratePerMinute: 3e6 },
    '2-single-hop-x': { ...result, startedAt: '2026-01-02', ratePerMinute: 5e6 },
    '3-single-hop-x': { ...result, startedAt: '2026-01-03', ratePerMinute: 9e6, verdict: 'fail' },
    '4-single-hop-x': { ...result, startedAt: '2026-01-03', ratePerMinute: 9e6, rate: '9M/min' },
    '5-single-hop-y': { ...result, startedAt: '2026-01-03', ratePerMinute: 9e6, tool: 'rsyslog' },
    'single-hop-of-something-else': { schema: 'other/1' },
  });
  const found = await rivalRate(root, toolNamed('rsyslog:tuned'), scenario('10M/min'));
  t.is(found?.rate.text, '2.5M/min');
  t.regex(found?.note ?? '', /half of the 5M\/min that rsyslog:tuned sustained here/);
});

test('no slower than asked, none without faults, never for our own agent; a chain is as fast as its slowest', async (t) => {
  const root = rootWith(t, {});
  t.is(await rivalRate(root, toolNamed('rsyslog:tuned'), scenario('1M/min')), null);
  t.is(await rivalRate(root, toolNamed('rsyslog:tuned'), scenario('10M/min', [])), null);
  t.is(await rivalRate(root, toolNamed('agent'), scenario('10M/min')), null);
  const mixed = await rivalRate(root, toolNamed('agent,flume:tuned,rsyslog'), scenario('10M/min'));
  t.is(mixed?.rate.text, '0.3M/min');
});
