// create.sh around a stand-in for the bench: what it calls in which order, what it says, how it ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Checkout, isRunning } from './checkout.ts';

const BENCH = `
import { appendFileSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
const [command, ...rest] = process.argv.slice(2);
const root = new URL('..', import.meta.url).pathname.replaceAll('%20', ' ');
appendFileSync(root + 'calls', [command, ...rest].join(' ') + '\\n');
if (command === 'status') process.exitCode = existsSync(root + '.spillway/local/chain.json') ? 0 : 1;
if (command === 'up') {
  mkdirSync(root + '.spillway/local', { recursive: true });
  writeFileSync(root + '.spillway/local/chain.json', '{}');
}
if (command === 'run' && existsSync(root + 'hang')) {
  process.on('SIGINT', () => process.exit(130));
  writeFileSync(root + 'hanging', String(process.pid));
  setInterval(() => {}, 1000);
} else if (command === 'run') {
  const out = rest[rest.indexOf('--out') + 1];
  mkdirSync(out, { recursive: true });
  copyFileSync(root + 'result.json', out + '/result.json');
  process.exitCode = existsSync(root + 'fails') ? 1 : 0;
}
`;

const PASSED = {
  verdict: 'pass',
  failures: [],
  sent: 5_000_000,
  offeredPerMinute: 10e6,
  ratePerMinute: 9_980_000,
  mbPerSecond: 18.3,
  destinations: [{ delivered: 5_000_000, lost: { events: 0 }, duplicated: { events: 0 } }],
  latencyMs: { p50: 12.3, p99: 80, p999: 120, max: 130 },
  cpuCores: 0.7,
  rigCpuCores: 0.3,
  sentBytes: 550e6,
  machine: { cores: 2, stealPercent: 0 },
  generator: { lateEvents: 0, lagMsMax: 3 },
  probes: { syncWrite: { mbPerSecond: 300 } },
  window: { startMs: 0, sentMs: 30_000, endMs: 30_100 },
  processes: [{ writtenBytes: 3.8e9 }],
  series: { timeMs: [0, 15_000, 30_000], backlogBytes: [{ name: 'a', values: [0, 1e6, 2e6] }] },
};

function makeCheckout(
  t: ExecutionContext,
  result: object = PASSED,
): { checkout: Checkout; calls: () => string[] } {
  const checkout = new Checkout(t);
  checkout.linkPackages();
  for (const tool of ['etcd', 'socat', 'rsyslogd', 'syslog-ng'])
    checkout.write(`bin/${tool}`, '#!/bin/sh\n', 0o755);
  checkout.write('bench/main.ts', BENCH);
  checkout.write('result.json', JSON.stringify(result));
  const file = join(checkout.root, 'calls');
  const calls = () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);
  return { checkout, calls };
}

function environment(checkout: Checkout): NodeJS.ProcessEnv {
  return { PATH: `${join(checkout.root, 'bin')}:${process.env['PATH']}` };
}

test('starts a chain, drives load through it, explains, and leaves it up; the second time it uses it', async (t) => {
  const { checkout, calls } = makeCheckout(t);
  const first = await checkout.run('create.sh', ['--duration', '5s'], environment(checkout));
  t.is(first.code, 0, first.err + first.out);
  t.deepEqual(calls().slice(0, 2), ['status', 'up']);
  t.regex(
    calls()[2] ?? '',
    /^run throughput --attach --rate 10M\/min --duration 5s --out .*\/results\/create-\d+-\d+$/,
  );
  t.regex(first.out, /this machine carries it: 9\.98M\/min of 10\.00M\/min offered for 30 s/);
  t.regex(first.out, /report: .*report\.html\n/);
  t.regex(first.out, /scripts\/enter instance2 .*\.\/destroy\.sh/s);

  const second = await checkout.run('create.sh', ['local', '--rate', '1k/s'], environment(checkout));
  t.is(second.code, 0);
  t.regex(second.out, /a chain is up already: using it/);
  t.deepEqual(
    calls()
      .slice(3)
      .map((call) => call.split(' ')[0]),
    ['status', 'run'],
  );
});

test('a machine that cannot carry it: exit 1, what it carried and what limited it', async (t) => {
  const { checkout } = makeCheckout(t, {
    ...PASSED,
    verdict: 'invalid',
    failures: ['the generator was late: 12,000 events by more than 500 ms'],
    ratePerMinute: 6.1e6,
    cpuCores: 1.2,
    rigCpuCores: 0.75,
    generator: { lateEvents: 12_000, lagMsMax: 4200 },
    probes: { syncWrite: { mbPerSecond: 130 } },
    series: {
      timeMs: [0, 30_000],
      backlogBytes: [
        { name: 'a', values: [0, 1e6] },
        { name: 'instance2', values: [0, 90e6] },
      ],
    },
  });
  checkout.write('fails', '');
  const { code, out } = await checkout.run('create.sh', [], environment(checkout));
  t.is(code, 1);
  t.regex(out, /this machine did not carry it \(invalid\): 6\.10M\/min of 10\.00M\/min offered/);
  t.regex(out, /not met: the generator was late/);
  t.regex(out, /limited by: the generator fell behind by up to 4200 ms: .*CPU/);
  t.regex(out, /limited by: CPU: the chain used 1\.2 and the measurement 0\.8 of 2 cores/);
  t.regex(out, /limited by: disk: 126 MB\/s were written, and synced writes reach 130 MB\/s/);
  t.regex(out, /limited by: backlog: 90 MB had not reached instance2/);
});

test('in the middle of a run a second create.sh is refused; Ctrl-C: the run is ended, and what is still up is named with how to remove it', async (t) => {
  const { checkout } = makeCheckout(t);
  checkout.write('hang', '');
  const child: ChildProcess = spawn(join(checkout.root, 'create.sh'), {
    cwd: checkout.root,
    env: { ...process.env, ...environment(checkout) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  const pidFile = join(checkout.root, 'hanging');
  await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '');
  const second = await checkout.run('create.sh', [], environment(checkout));
  t.is(second.code, 1);
  t.regex(second.err, /another create\.sh is at work in /);
  child.kill('SIGINT');
  const [code] = await once(child, 'close');
  t.is(code, 130);
  t.false(isRunning(Number(readFileSync(pidFile, 'utf8'))));
  t.true(said.includes(`folder ${checkout.root}/.spillway`), said);
  t.true(said.includes(`to remove it: ${checkout.root}/destroy.sh`), said);
});

test('bad usage is named; nothing is started', async (t) => {
  const { checkout, calls } = makeCheckout(t);
  for (const [args, said] of [
    [['hosts'], /hosts: the FILE that lists them is missing/],
    [['loca'], /'loca' is not understood; usage:/],
    [['--rate'], /--rate: a value is missing/],
    [['--rate', 'fast'], /--rate: 'fast' is not understood/],
  ] as const) {
    const { code, err } = await checkout.run('create.sh', args, environment(checkout));
    t.is(code, 2);
    t.regex(err, said);
  }
  t.deepEqual(calls(), []);
});

test('remains of an earlier chain are taken down first', async (t) => {
  const { checkout, calls } = makeCheckout(t);
  writeFileSync(join(checkout.addInstance('instance1'), 'old.log'), 'old\n');
  const { code, out } = await checkout.run('create.sh', [], environment(checkout));
  t.is(code, 0);
  t.regex(out, /remains of an earlier chain are there: taking them down first\ntaking down:/);
  t.false(existsSync(join(checkout.root, '.spillway/local/instance1')));
  t.true(calls().includes('up'));
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
