import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';

const main = join(import.meta.dirname, '../../../bench/main.ts');

function bench(...args: string[]): { status: number | null; said: string } {
  const { status, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
  return { status, said: stderr };
}

const MISUSE: readonly (readonly [readonly string[], RegExp])[] = [
  [[], /usage: bench COMMAND/],
  [['fly'], /no command 'fly'/],
  [['run'], /expected one scenario/],
  [['run', 'single-hop', '--rate', '3x'], /--rate: '3x' is not understood; expected a rate like/],
  [['run', 'single-hop', '--duration', 'long'], /--duration: 'long' is not understood/],
  [['run', 'single-hop', '--durability', 'hope'], /expected fsync or os/],
  [
    ['run', 'single-hop', '--tool', 'hammer'],
    /no tool 'hammer'; there are agent, .*rsyslog, rsyslog:tuned, /,
  ],
  [['run', 'single-hop', '--tool', 'agent,rsyslog'], /names 2 tools; the chain has 1 links/],
  [['run', 'single-hop', '--frobnicate'], /frobnicate/],
  [['report', '/no/such/dir'], /no result there/],
  [['compare', '/only/one'], /usage: bench compare/],
];
for (const [args, expected] of MISUSE) {
  test(`exit status 2 and a clear word: bench ${args.join(' ')}`, (t) => {
    const { status, said } = bench(...args);
    t.is(status, 2, said);
    t.regex(said, expected);
  });
}
