import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { eventFiles, sent } from './bed.ts';

const COMMAND = new URL('../../../bench/verifier/command.ts', import.meta.url).href;
const PROGRAM = `import { verifyCommand } from ${JSON.stringify(COMMAND)};
process.exitCode = await verifyCommand(process.argv.slice(1));`;

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function command(...args: readonly string[]): Promise<Outcome> {
  try {
    const argv = ['--input-type=module', '-e', PROGRAM, '--', ...args];
    return { code: 0, ...(await promisify(execFile)(process.execPath, argv)) };
  } catch (cause) {
    return cause as Outcome;
  }
}

async function run(
  t: ExecutionContext,
  keep: (n: number) => boolean,
  final = true,
): Promise<{ readonly manifest: string; readonly files: readonly string[] }> {
  const { manifest, lines } = await sent(1000);
  const files = await eventFiles(t, lines.filter((_, n) => keep(n)).join(''));
  const path = join(dirname(files[0] ?? ''), 'manifest.json');
  await writeFile(path, JSON.stringify({ ...manifest, final }));
  return { manifest: path, files };
}

test('a clean destination: status 0, a directory or its files', async (t) => {
  const { manifest, files } = await run(t, () => true);
  const byFile = await command('--manifest', manifest, ...files);
  t.is(byFile.code, 0, byFile.stderr);
  t.regex(byFile.stdout, /delivered {3}1,000\n.*ok: every event arrived once/s);
  t.is((await command('--manifest', manifest, dirname(manifest))).code, 0);
});

test('a loss: status 1, with the range; --json prints the verdict in one line', async (t) => {
  const { manifest, files } = await run(t, (n) => n < 500 || n > 502);
  const text = await command('--manifest', manifest, ...files);
  t.is(text.code, 1);
  t.regex(text.stdout, /lost {8}3\n +runner 1, epoch 1: 500-502\n/);
  const json = await command('--json', '--manifest', manifest, ...files);
  t.is(json.code, 1);
  t.like(JSON.parse(json.stdout), { expected: 1000, delivered: 997, lost: { events: 3 } });
});

test('a manifest that is not final is judged with a warning', async (t) => {
  const { manifest, files } = await run(t, () => true, false);
  const { code, stderr } = await command('--manifest', manifest, ...files);
  t.is(code, 0);
  t.regex(stderr, /warning: .*manifest\.json is not final.*1000 events/);
});

test('bad usage: status 2 and a sentence that says what is wrong', async (t) => {
  const { manifest, files } = await run(t, () => true);
  const cases: readonly [readonly string[], RegExp][] = [
    [[], /no --manifest was given/],
    [['--manifest', manifest], /no event files were given/],
    [['--manifest', `${manifest}.gone`, ...files], /cannot read manifest .*manifest\.json\.gone/],
    [['--manifest', files[0] ?? '', ...files], /events-000001\.log is not a manifest/],
    [['--manifest', manifest, `${files[0]}.gone`], /cannot read .*events-000001\.log\.gone/],
    [['--manifset', manifest, ...files], /Unknown option '--manifset'/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await command(...args);
    t.is(code, 2);
    t.regex(stderr, message);
  }
});
