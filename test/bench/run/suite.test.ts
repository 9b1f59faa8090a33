import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';

const root = join(import.meta.dirname, '../../..');

test('a suite says first what it takes, goes on after a failure, and ends with one table', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'spillway-suite-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const scenario = (name: string, steps: string) => {
    const text = `name: ${name}\ndescription: d\ndurability: os\nchain: { instances: 1 }\ngenerator: { rate: 5k/s, duration: 40s }\nquick: { duration: 1s }\nsteps: ${steps}\n`;
    writeFileSync(join(dir, `${name}.yaml`), text);
    return join(dir, `${name}.yaml`);
  };
  const files = [scenario('first', '[{ at: 90s, do: kill, target: a }]'), scenario('second', '[]')];
  const suite = join(dir, 'suite.yaml');
  writeFileSync(suite, `name: both\ndescription: d\nscenarios: [${files.join(', ')}]\n`);
  const args = ['run', suite, '--quick', '--out', join(dir, 'out'), '--dir', dir];
  const bench = spawn(process.execPath, [join(root, 'bench/main.ts'), ...args]);
  t.teardown(() => bench.kill('SIGTERM'));
  let said = '';
  bench.stdout.on('data', (chunk: Buffer) => (said += String(chunk)));
  const [code] = (await once(bench, 'close')) as [number];
  t.is(code, 1, said);
  t.regex(said, /^both: 2 scenarios, about 1 minutes; up to \d+\.\d GB of disk at once$/m);
  t.regex(said, /^first +INVALID +5,000 +0 +0 +0 +\d+ s +step 'kill a at 90 s' never happened$/m);
  t.regex(said, /^second +PASS +5,000 +0 +0 +0 +\d+ s$/m);
  t.regex(said, /^1 pass, 1 invalid; results in /m);
  for (const name of ['first', 'second']) t.true(existsSync(join(dir, 'out', name, 'report.html')));
});
