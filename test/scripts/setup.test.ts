import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Checkout } from './checkout.ts';

const LOCK = {
  packages: {
    '': {},
    'node_modules/left': { version: '1.0.0' },
    'node_modules/arm': { version: '1.0.0', optional: true },
  },
};

/** With an npm that writes down how it is called and installs Node alone, and an etcd on the PATH. */
function makeCheckout(t: ExecutionContext): { checkout: Checkout; path: string; npmCalls: () => number } {
  const checkout = new Checkout(t);
  checkout.write('package-lock.json', JSON.stringify(LOCK));
  const calls = join(checkout.root, 'npm-calls');
  const node = process.execPath;
  const install = `mkdir -p node_modules/.bin && ln -sf '${node}' node_modules/.bin/node`;
  checkout.write('bin/npm', `#!/bin/sh\necho "$@" >>'${calls}'\n[ -z "$NPM_FAILS" ] && ${install}\n`, 0o755);
  for (const tool of ['etcd', 'socat', 'rsyslogd', 'syslog-ng'])
    checkout.write(`bin/${tool}`, '#!/bin/sh\n', 0o755);
  const npmCalls = () => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n').length : 0);
  return { checkout, path: `${join(checkout.root, 'bin')}:${process.env['PATH']}`, npmCalls };
}

test('installs once, is quick when nothing is to do, and installs again when the lock file changes', async (t) => {
  const { checkout, path, npmCalls } = makeCheckout(t);
  t.is((await checkout.run('scripts/setup.sh', [], { PATH: path })).code, 0);
  t.is(npmCalls(), 1);
  const took: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const started = performance.now();
    t.is((await checkout.run('scripts/setup.sh', [], { PATH: path })).code, 0);
    took.push(performance.now() - started);
  }
  t.true(Math.min(...took) < 500, `${took} ms`);
  t.is(npmCalls(), 1);
  checkout.write('package-lock.json', JSON.stringify({ ...LOCK, changed: true }));
  t.is((await checkout.run('scripts/setup.sh', [], { PATH: path })).code, 0);
  t.is(npmCalls(), 2);
});

test('two at once install once', async (t) => {
  const { checkout, path, npmCalls } = makeCheckout(t);
  const runs = [1, 2, 3].map(() => checkout.run('scripts/setup.sh', [], { PATH: path }));
  t.deepEqual(
    (await Promise.all(runs)).map(({ code }) => code),
    [0, 0, 0],
  );
  t.is(npmCalls(), 1);
});

test('takes packages as they are when npm has installed what the lock file asks for', async (t) => {
  const { checkout, path, npmCalls } = makeCheckout(t);
  const installed = (version: string) => JSON.stringify({ packages: { 'node_modules/left': { version } } });
  checkout.write('node_modules/.package-lock.json', installed('1.0.0'));
  checkout.write('node_modules/.bin/keep', '');
  symlinkSync(process.execPath, join(checkout.root, 'node_modules/.bin/node'));
  t.is((await checkout.run('scripts/setup.sh', [], { PATH: path })).code, 0);
  t.is(npmCalls(), 0);
  checkout.write('node_modules/.package-lock.json', installed('0.9.0'));
  checkout.write('node_modules/.spillway-setup', 'of another lock file');
  t.is((await checkout.run('scripts/setup.sh', [], { PATH: path })).code, 0);
  t.is(npmCalls(), 1);
});

test('without npm packages it fails and says why, and tries again the next time', async (t) => {
  const { checkout, path, npmCalls } = makeCheckout(t);
  const failed = await checkout.run('scripts/setup.sh', [], { PATH: path, NPM_FAILS: 'yes' });
  t.is(failed.code, 1);
  t.regex(failed.err, /npm ci failed .*nothing runs\n.*npm config get registry/);
  t.is((await checkout.run('scripts/setup.sh', [], { PATH: path })).code, 0);
  t.is(npmCalls(), 2);
});

test('without etcd and rivals it goes on and says how to get them', async (t) => {
  const { checkout } = makeCheckout(t);
  checkout.write('.tools/etcd.failed', '');
  mkdirSync(join(checkout.root, 'tools-bin'));
  // Only what the scripts need: no etcd, no package manager.
  for (const tool of [
    'bash',
    'sh',
    'dirname',
    'sha256sum',
    'uname',
    'mkdir',
    'flock',
    'find',
    'ln',
    'env',
    'touch',
  ]) {
    symlinkSync(join('/usr/bin', tool), join(checkout.root, 'tools-bin', tool));
  }
  symlinkSync(join(checkout.root, 'bin/npm'), join(checkout.root, 'tools-bin/npm'));
  const { code, err } = await checkout.run('scripts/setup.sh', [], {
    PATH: join(checkout.root, 'tools-bin'),
  });
  t.is(code, 0, err);
  t.regex(
    err,
    /etcd is missing: chains on this machine will use the static registry\n +to get it: .*etcd-server/,
  );
});

test('node.sh finds this Node, or says what to run', async (t) => {
  const { checkout, path } = makeCheckout(t);
  checkout.write('bin/node', '#!/bin/sh\nexit 1\n', 0o755); // a system Node that is too old
  const without = await checkout.run('scripts/node.sh', [], { PATH: path });
  t.is(without.code, 1);
  t.true(without.err.includes(`run: ${checkout.root}/scripts/setup.sh`), without.err);
  await checkout.run('scripts/setup.sh', [], { PATH: path });
  const found = await checkout.run('scripts/node.sh', ['--version'], { PATH: path });
  t.deepEqual([found.code, found.out], [0, `${process.version}\n`]);
});
