import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Checkout, isRunning, startMarked } from './checkout.ts';

// No node_modules in these checkouts: the shell does all of it.

test('ends every process of the checkout, whatever it does about it, and removes its folders', async (t) => {
  const checkout = new Checkout(t);
  const { root } = checkout;
  checkout.addInstance('instance1');
  const digest = createHash('sha256').update(root).digest('hex').slice(0, 10);
  const memory = `/dev/shm/spillway-${digest}-local`;
  mkdirSync(memory);
  t.teardown(() => rmSync(memory, { recursive: true, force: true }));
  const plain = await startMarked(t, ':', { SPILLWAY_CHECKOUT: root });
  const stopped = await startMarked(t, ':', { SPILLWAY_CHAIN: join(root, '.spillway/run-3') });
  process.kill(stopped, 'SIGSTOP');
  const deaf = await startMarked(t, 'trap "" TERM', { SPILLWAY_CHAIN: join(root, '.spillway/local') });

  const { code, out, err } = await checkout.run('destroy.sh');
  t.is(code, 0, err);
  for (const pid of [plain, stopped, deaf]) t.regex(out, new RegExp(`process ${pid}: `));
  t.deepEqual([plain, stopped, deaf].map(isRunning), [false, false, false]);
  t.false(existsSync(join(root, '.spillway')));
  t.false(existsSync(memory));
  t.regex(out, /all gone\n$/);

  const again = await checkout.run('destroy.sh');
  t.deepEqual([again.code, again.out], [0, `nothing of ${root} is up\n`]);
});

test('leaves the processes of another checkout alone, also of one whose path begins alike', async (t) => {
  const checkout = new Checkout(t);
  const alike = await startMarked(t, ':', {
    SPILLWAY_CHECKOUT: `${checkout.root}2`,
    SPILLWAY_CHAIN: `${checkout.root}2/.spillway/local`,
  });
  const quoting = await startMarked(t, ':', { NOTE: `SPILLWAY_CHECKOUT=${checkout.root}` });
  const { code, out } = await checkout.run('destroy.sh');
  t.deepEqual([code, out], [0, `nothing of ${checkout.root} is up\n`]);
  t.true(isRunning(alike) && isRunning(quoting));
});

test('removes a data folder elsewhere only when it carries the mark', async (t) => {
  const checkout = new Checkout(t);
  const elsewhere = mkdtempSync(join(tmpdir(), 'spillway-data-'));
  t.teardown(() => rmSync(elsewhere, { recursive: true, force: true }));
  const [ours, foreign] = [join(elsewhere, 'ours'), join(elsewhere, 'foreign')];
  mkdirSync(ours);
  mkdirSync(foreign);
  writeFileSync(join(ours, '.spillway-chain'), '');
  checkout.write('.spillway/run-1/chain.json', JSON.stringify({ dataDir: ours }, null, 2));
  checkout.write('.spillway/run-2/chain.json', JSON.stringify({ dataDir: foreign }, null, 2));
  t.is((await checkout.run('destroy.sh')).code, 0);
  t.deepEqual([ours, foreign].map(existsSync), [false, true]);
});

test('called from inside a chain it does not end its caller', async (t) => {
  const checkout = new Checkout(t);
  const pid = await startMarked(t, ':', { SPILLWAY_CHECKOUT: checkout.root });
  const { code, out } = await checkout.run('destroy.sh', [], { SPILLWAY_CHECKOUT: checkout.root });
  t.is(code, 0);
  t.regex(out, /all gone/);
  t.false(isRunning(pid));
});

test('--list only lists, and nothing else is understood', async (t) => {
  const checkout = new Checkout(t);
  const pid = await startMarked(t, ':', { SPILLWAY_CHECKOUT: checkout.root });
  const { code, out } = await checkout.run('destroy.sh', ['--list']);
  t.is(code, 0);
  t.regex(out, new RegExp(`^process ${pid}: `));
  t.true(isRunning(pid));
  t.is((await checkout.run('destroy.sh', ['local'])).code, 2);
});
