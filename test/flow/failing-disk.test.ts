// A whole agent, in the middle of a chain, on a disk that fails: intake stops, what it has is delivered meanwhile,
// nobody's connection times out, health says what is wrong, and it goes on by itself when the disk does.

import { spawnSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Disk } from '../../agent/log/disk.ts';
import { eventsIn } from '../agent/source/event-log.ts';
import { until } from '../agent/source/until.ts';
import { AgentProcess } from './agent-process.ts';
import { configOf, delivers, destinationAt, listenOn, tailOf, temporaryDirectory } from './chain.ts';
import { type Fault, FaultyDisk } from './faulty-disk.ts';
import { type Node, nodeOf } from './node.ts';

const text = (from: number, to: number) =>
  Buffer.from(Array.from({ length: to - from }, (_, index) => `${from + index} some metric\n`).join(''));

const changes = new Set<keyof Disk>([
  ...(['open', 'write', 'writev', 'sync', 'truncate', 'makeDirectory', 'rename', 'remove'] as const),
  'syncDirectory',
]);
/** What takes space: overwriting what is preallocated takes none. */
const takesSpace = (act: keyof Disk, path: string) =>
  (act === 'open' || act === 'write' || act === 'writev') && !path.includes('/cursors/');

const FAULTS: readonly { name: string; says: RegExp; fault: Fault }[] = [
  {
    name: 'ENOSPC',
    says: /cannot write the log in .*mid: no space left on its filesystem: free some \(ENOSPC\)/,
    fault: { fails: (act, path) => (takesSpace(act, path) ? 'ENOSPC' : null) },
  },
  {
    name: 'EDQUOT',
    says: /disk quota is used up: free some space or raise it \(EDQUOT\)/,
    fault: { fails: (act, path) => (takesSpace(act, path) ? 'EDQUOT' : null) },
  },
  {
    name: 'EIO on write',
    says: /input\/output error: look at the kernel log \(EIO\)/,
    fault: { fails: (act) => (act === 'write' || act === 'writev' ? 'EIO' : null) },
  },
  {
    name: 'a failed fsync',
    says: /input\/output error: look at the kernel log \(EIO\)/,
    fault: { fails: (act) => (act === 'sync' ? 'EIO' : null) },
  },
  {
    name: 'EROFS, a remount read-only',
    says: /mounted read-only \(EROFS\)/,
    fault: { fails: (act) => (changes.has(act) ? 'EROFS' : null) },
  },
];

for (const [index, { name, says, fault }] of FAULTS.entries()) {
  test(`${name}: intake stops, draining goes on, it recovers by itself`, async (t) => {
    const { spool, disk, mid, down } = await chainOn(t, 100 + 10 * index);
    await writeFile(join(spool, 'a.log'), text(0, 500));
    await until('the first events are there', async () => (await down.events()).equals(text(0, 500)));
    await down.close();
    await writeFile(join(spool, 'b.log'), text(500, 3000));
    // committed: the files show bytes before they are
    await until('a backlog', async () => (await appended(mid)) === text(0, 3000).length);

    disk.fault = fault;
    await writeFile(join(spool, 'c.log'), text(3000, 4000));
    const health = await until('health says it', async () => {
      const seen = await mid.health();
      return seen.code === 503 && seen;
    });
    t.regex(health.reasons.join(), says);
    await down.start();
    let drained = 0;
    await until(
      'draining goes on',
      async () => {
        const seen = await down.events();
        drained = seen.length;
        return seen.equals(text(0, 3000));
      },
      { show: () => `${drained} of ${text(0, 3000).length} bytes; ${JSON.stringify(mid.lines.slice(-5))}` },
    );
    t.is((await mid.health()).code, 503, 'it still fails');
    t.is(await appended(mid), text(0, 3000).length, 'nothing is taken in');
    t.true(mid.lines.some(({ msg, reason }) => /cannot be written/.test(msg) && says.test(String(reason))));

    disk.fault = null;
    await until('all is there', async () => (await down.events()).length >= text(0, 4000).length, {
      withinMs: 20_000,
    });
    t.true((await down.events()).equals(text(0, 4000)), 'nothing is lost or doubled');
    await until('it is well', async () => (await mid.health()).status === 'ok');
    await noTimeouts(t, mid, down);
    t.true(disk.failures > 0);
  });
}

test('an fsync that takes seconds: intake waits, nobody times out, health says so', async (t) => {
  const { spool, disk, mid, down } = await chainOn(t, 180);
  await writeFile(join(spool, 'a.log'), text(0, 500));
  await until('the first events are there', async () => (await down.events()).equals(text(0, 500)));
  // longer than peerTimeoutMs
  disk.fault = { fails: () => null, syncMs: 2_000 };
  await writeFile(join(spool, 'b.log'), text(500, 1000));
  const health = await until('health says it', async () => {
    const seen = await mid.health();
    return seen.status === 'degraded' && seen;
  });
  t.is(health.code, 200);
  t.regex(health.degraded.join(), /the disk of the log is slow: a write is under way for \d+ ms/);
  await until('it comes through', async () => (await down.events()).equals(text(0, 1000)), {
    withinMs: 20_000,
  });
  disk.fault = null;
  await until('it is well', async () => (await mid.health()).status === 'ok');
  await noTimeouts(t, mid, down);
  t.is((await mid.metrics()).sum('spillway_connections_total', { outcome: 'accepted' }), 1, 'one connection');
});

async function appended(node: Node): Promise<number> {
  return (await node.metrics()).sum('spillway_log_appended_bytes_total');
}

interface Three {
  readonly spool: string;
  readonly disk: FaultyDisk;
  readonly mid: Node;
  readonly down: Node;
}

/** up (tail) -> mid (on the faulty disk) -> down. */
async function chainOn(t: ExecutionContext, host: number): Promise<Three> {
  const dir = await temporaryDirectory(t);
  const spool = join(dir, 'spool');
  await mkdir(spool);
  const disk = new FaultyDisk();
  const up = await nodeOf(t, dir, host, {
    id: 'up',
    sources: [tailOf(spool)],
    destinations: [destinationAt('mid', host + 1)],
  });
  const mid = await nodeOf(
    t,
    dir,
    host + 1,
    { id: 'mid', sources: [listenOn(host + 1)], destinations: [destinationAt('down', host + 2)] },
    disk,
  );
  const down = await nodeOf(t, dir, host + 2, { id: 'down', sources: [listenOn(host + 2)] });
  for (const node of [down, mid, up]) await node.start();
  t.teardown(() => {
    disk.fault = null;
  });
  return { spool, disk, mid, down };
}

async function noTimeouts(t: ExecutionContext, ...nodes: readonly Node[]): Promise<void> {
  for (const node of nodes) {
    const metrics = await node.metrics();
    t.is(metrics.sum('spillway_connections_total', { outcome: 'peer-timeout' }), 0);
    t.deepEqual(metrics.openEquations(), []);
    t.false(node.lines.some(({ detail }) => /does not answer|silent/.test(String(detail))));
  }
}

/** Why no filesystem can be mounted here; null: it can. */
function noMounts(): string | null {
  const tried = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', '/mnt']);
  if (tried.error !== undefined) return `unshare: ${tried.error.message}`;
  return tried.status === 0 ? null : tried.stderr.toString().trim();
}
const whyNot = noMounts();
const withMounts = whyNot === null ? test : test.skip;

withMounts(`a small filesystem is filled and freed${whyNot === null ? '' : ` (${whyNot})`}`, async (t) => {
  const dir = await temporaryDirectory(t);
  const spool = join(dir, 'spool');
  const small = join(dir, 'mounted');
  for (const path of [spool, small]) await mkdir(path);
  const log = { dir: join(small, 'log'), durability: 'fsync', segmentBytes: 1_048_576, reserveBytes: 0 };
  const sink = await AgentProcess.prepare(t, dir, configOf('sink', 192, { sources: [listenOn(192)] }));
  const agent = await AgentProcess.prepare(
    t,
    dir,
    configOf('small', 191, {
      log,
      sources: [tailOf(spool)],
      destinations: [destinationAt('sink', 192)],
    }),
  );
  // the mount is in a namespace of the agent's own: it goes with it
  const mounted = 'mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@"';
  await agent.start({ command: ['unshare', '-m', 'sh', '-c', mounted, small] });
  const inside = join('/proc', String(agent.pid), 'root', small);
  await writeFile(join(spool, 'a.log'), text(0, 2000));
  await until('a backlog', async () => (await eventsIn(join(inside, 'log'))).equals(text(0, 2000)));
  await t.throwsAsync(writeFile(join(inside, 'ballast'), Buffer.alloc(32 * 2 ** 20)), { code: 'ENOSPC' });
  await writeFile(join(spool, 'b.log'), text(2000, 60_000));
  const health = await until('health says it', async () => {
    const seen = await agent.health();
    return seen.status === 'failing' && seen;
  });
  t.regex(health.reasons.join(), /no space left on its filesystem: free some \(ENOSPC\)/);
  await sink.start();
  await until('it drains while it is full', async () => {
    const seen = await sink.events();
    return (
      seen.length >= text(0, 2000).length && seen.subarray(0, 1000).equals(text(0, 2000).subarray(0, 1000))
    );
  });
  t.is((await agent.health()).status, 'failing');
  await rm(join(inside, 'ballast'));
  await delivers(t, sink, text(0, 60_000));
  await until('it is well', async () => (await agent.health()).status === 'ok');
  t.deepEqual((await agent.metrics()).openEquations(), []);
});
