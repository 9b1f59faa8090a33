// What a user has at hand inside an instance: scripts/enter, instanceid, lsevents.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'ava';
import { Checkout } from './checkout.ts';

test('instanceid prints the id of the instance entered, or of the folder', async (t) => {
  const checkout = new Checkout(t);
  checkout.linkPackages();
  checkout.addInstance('instance1');
  checkout.addInstance('instance2');
  t.like(await checkout.run('scripts/enter', ['instance2', 'instanceid']), { code: 0, out: 'instance2\n' });
  const inFolder = ['instance1', 'sh', '-c', 'unset SPILLWAY_INSTANCE_DIR; cd events; instanceid'];
  t.like(await checkout.run('scripts/enter', inFolder), { code: 0, out: 'instance1\n' });
});

test('outside an instance, instanceid says so', async (t) => {
  const checkout = new Checkout(t);
  checkout.linkPackages();
  const { code, out, err } = await checkout.run('scripts/instanceid');
  t.deepEqual([code, out], [1, '']);
  t.regex(err, /not inside an instance/);
});

test('a record that cannot be understood is named', async (t) => {
  const checkout = new Checkout(t);
  checkout.linkPackages();
  const file = checkout.write('.spillway/local/instance1/instance.json', '{"id":');
  const { code, err } = await checkout.run('scripts/enter', ['instance1', 'instanceid']);
  t.is(code, 1);
  t.true(err.includes(`cannot read ${file}`), err);
});

test('enter lists the instances in the order of the chain, and names them when asked for another', async (t) => {
  const checkout = new Checkout(t);
  for (const id of ['a', 'b', 'instance10', 'instance2', 'instance1']) checkout.addInstance(id);
  t.is((await checkout.run('scripts/enter', ['--list'])).out, 'instance1\ninstance2\ninstance10\na\nb\n');
  const { code, err } = await checkout.run('scripts/enter', ['instance3']);
  t.is(code, 1);
  t.regex(err, /no instance 'instance3' here; there are: instance1 instance2 instance10 a b/);
});

test('enter without a chain says how to start one', async (t) => {
  const { code, err } = await new Checkout(t).run('scripts/enter', ['instance1']);
  t.is(code, 1);
  t.regex(err, /no chain is up here; start one: \.\/create\.sh/);
});

test('lsevents counts the instance and its rates, arriving and leaving', async (t) => {
  const checkout = new Checkout(t);
  checkout.linkPackages();
  let acknowledged = 0;
  const server = createServer((_, response) => {
    acknowledged += 1000;
    response.end(
      [
        `spillway_destination_events_total{destination="a",outcome="appended",reason=""} 999999`,
        `spillway_destination_events_total{destination="a",outcome="acknowledged",reason=""} ${acknowledged}`,
      ].join('\n'),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const eventsDir = checkout.addInstance('instance2', { http: `127.0.0.1:${port}` });
  writeFileSync(join(eventsDir, '00000000000000000000.log'), 'one\ntwo\n');
  writeFileSync(join(eventsDir, 'LOCK'), 'not events\n');

  const { code, out, err } = await checkout.run('scripts/enter', ['instance2', 'lsevents', '--json']);
  t.is(code, 0, err);
  const seen = JSON.parse(out);
  t.like(seen, { id: 'instance2', dir: eventsDir, events: 2, bytes: 8, arrivesPerSecond: 0 });
  t.deepEqual(
    seen.files.map(({ name }: { name: string }) => name),
    ['00000000000000000000.log'],
  );
  t.true(seen.leavesPerSecond.a > 100 && seen.leavesPerSecond.a <= 2100, out);
});

test('lsevents --watch sees what arrives, until it is ended', async (t) => {
  const checkout = new Checkout(t);
  checkout.linkPackages();
  const dir = join(checkout.root, 'any folder');
  mkdirSync(dir);
  const file = join(dir, 'metrics.csv');
  writeFileSync(file, 'first\n');
  const child: ChildProcess = spawn(
    join(checkout.root, 'scripts/lsevents'),
    [dir, '--watch', '0.05', '--json'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  t.teardown(() => child.kill());
  if (child.stdout === null) return t.fail();
  let arrived = 0;
  for await (const line of createInterface(child.stdout)) {
    const view = JSON.parse(line);
    t.is(view.leavesPerSecond, null);
    arrived += view.arrivesPerSecond;
    if (view.events === 1) appendFileSync(file, 'second\nthird\n');
    if (view.events >= 3) break;
  }
  t.true(arrived > 0);
});

test('lsevents without a terminal prints a plain table, with totals', async (t) => {
  const checkout = new Checkout(t);
  checkout.linkPackages();
  checkout.write('events/a.log', 'x\n'.repeat(1234));
  checkout.write('events/b.log', 'y\n');
  const { code, out } = await checkout.run('scripts/lsevents', ['events']);
  t.is(code, 0);
  t.false(out.includes('\x1b'));
  t.regex(out, /^a\.log +2\.4 KiB +1,234 /m);
  t.regex(out, /^2 files +2\.4 KiB +1,235 +-$/m);
});

test('lsevents: bad usage is 2, a missing directory is 1', async (t) => {
  const checkout = new Checkout(t);
  checkout.linkPackages();
  t.like(await checkout.run('scripts/lsevents', ['--wach']), { code: 2 });
  t.like(await checkout.run('scripts/lsevents', ['a', 'b']), { code: 2 });
  const missing = await checkout.run('scripts/lsevents', ['nowhere']);
  t.is(missing.code, 1);
  t.regex(missing.err, /cannot read the directory .*nowhere \(ENOENT\)/);
});

test('tmux-takes-anything: arguments that it does not know are refused', async (t) => {
  const checkout = new Checkout(t);
  const { code, out, err } = await checkout.run('scripts/tmux.sh', ['--bogus']);
  t.deepEqual([code, out], [2, '']);
  t.is(err, 'usage: scripts/tmux.sh (it takes no arguments, found: --bogus)\n');
});
