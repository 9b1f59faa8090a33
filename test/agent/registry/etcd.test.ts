// The registry against a real etcd that is started late, killed, frozen and wiped.

import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { Etcd3 } from 'etcd3';
import { type EtcdRegistry, openEtcdRegistry } from '../../../agent/registry/etcd.ts';
import type { Endpoint, Self } from '../../../agent/registry/registry.ts';
import { EtcdServer, findEtcd } from './etcd-server.ts';

const etcdProgram = findEtcd();
const withEtcd = etcdProgram === undefined ? test.skip : test;
const TTL_SECONDS = 2;
const PREFIX = '/spillway/test';
const WAIT_MS = 12_000;

interface Logged {
  readonly level: 'info' | 'warn';
  readonly message: string;
}

interface Rig {
  readonly etcd: EtcdServer;
  open(): Promise<EtcdRegistry & { readonly logged: Logged[] }>;
  /** What stands under a key of an instance, asked of etcd directly. */
  read(id: string): Promise<Record<string, unknown> | null>;
  delete(id: string): Promise<void>;
}

async function rigFor(t: ExecutionContext): Promise<Rig> {
  const etcd = await EtcdServer.prepare(etcdProgram ?? '');
  const registries: EtcdRegistry[] = [];
  t.teardown(async () => {
    await Promise.all(registries.map((registry) => registry.close()));
    await etcd.remove();
  });
  const withClient = async <T>(use: (client: Etcd3) => Promise<T>): Promise<T> => {
    const client = new Etcd3({
      hosts: etcd.endpoint,
      defaultCallOptions: () => ({ deadline: Date.now() + 2_000 }),
    });
    try {
      return await use(client);
    } finally {
      client.close();
    }
  };
  return {
    etcd,
    async open() {
      const logged: Logged[] = [];
      const log = {
        info: (_: object, message: string) => void logged.push({ level: 'info', message }),
        warn: (_: object, message: string) => void logged.push({ level: 'warn', message }),
      };
      const config = {
        type: 'etcd',
        endpoints: [etcd.endpoint],
        prefix: PREFIX,
        ttlSeconds: TTL_SECONDS,
        draining: false,
      } as const;
      const registry = await openEtcdRegistry(config, log);
      registries.push(registry);
      return Object.assign(registry, { logged });
    },
    read: (id) =>
      withClient(async (client) => {
        const value = await client.get(`${PREFIX}/instances/${id}`).string();
        return value === null ? null : JSON.parse(value);
      }),
    delete: (id) =>
      withClient(async (client) => {
        await client.delete().key(`${PREFIX}/instances/${id}`);
      }),
  };
}

function agent(id: string, { owner = `owner-${id}`, port = 4100 } = {}): Self {
  return { id, owner, address: { host: '127.0.0.3', port }, role: 'relay', version: '0.1.0' };
}

/** Polls until `look` gives something true, and gives it. */
async function until<T>(t: ExecutionContext, what: string, look: () => T | Promise<T>): Promise<T> {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const seen = await look();
    if (seen) {
      t.pass();
      return seen;
    }
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await sleep(20);
  }
}

function follow(registry: EtcdRegistry, id: string): (Endpoint | null)[] {
  const seen: (Endpoint | null)[] = [];
  registry.watch(id, (endpoint) => void seen.push(endpoint));
  return seen;
}

withEtcd('an agent stands in etcd as the contract says, and vanishes at once when it closes', async (t) => {
  const rig = await rigFor(t);
  await rig.etcd.start();
  const registry = await rig.open();
  await registry.register(agent('instance3'));
  t.deepEqual(registry.state(), { status: 'ok', registered: true });
  t.like(await rig.read('instance3'), {
    id: 'instance3',
    address: '127.0.0.3:4100',
    role: 'relay',
    tool: 'agent',
    version: '0.1.0',
    owner: 'owner-instance3',
  });
  await registry.close();
  t.is(await rig.read('instance3'), null);
  t.is(registry.state().status, 'closed');
});

withEtcd('who watches first learns of who registers later, and of its new address', async (t) => {
  const rig = await rigFor(t);
  await rig.etcd.start();
  const watcher = await rig.open();
  const seen = follow(watcher, 'instance3');
  await until(t, 'it is known to be nowhere', () => seen.length === 1);
  t.is(watcher.lookup('instance3'), null);

  const first = await rig.open();
  await first.register(agent('instance3'));
  const startedMs = performance.now();
  await until(t, 'it is found', () => watcher.lookup('instance3'));
  t.true(performance.now() - startedMs < 500, 'a watch tells at once, not the next round');

  await first.close();
  const second = await rig.open();
  await second.register(agent('instance3', { port: 4200 }));
  await until(t, 'the new address is known', () => watcher.lookup('instance3')?.address.port === 4200);
  t.deepEqual(
    seen.map((endpoint) => endpoint?.address.port ?? null),
    [null, 4100, 4200],
  );
});

withEtcd(
  'who registers first is found by who watches later, and a stopped watch is told nothing',
  async (t) => {
    const rig = await rigFor(t);
    await rig.etcd.start();
    const registered = await rig.open();
    await registered.register(agent('instance3'));
    const watcher = await rig.open();
    const stopped: (Endpoint | null)[] = [];
    watcher.watch('instance3', (endpoint) => void stopped.push(endpoint))();
    const seen = follow(watcher, 'instance3');
    await until(t, 'it is found', () => seen.length > 0);
    t.like(seen, [{ id: 'instance3', address: { host: '127.0.0.3', port: 4100 } }]);
    t.is(seen.length, 1);
    t.deepEqual(stopped, []);
  },
);

withEtcd('an etcd that is away at start is waited for, said once, and used when it comes', async (t) => {
  const rig = await rigFor(t);
  const registry = await rig.open();
  let isRegistered = false;
  const registering = registry.register(agent('instance2')).then(() => {
    isRegistered = true;
  });
  await until(t, 'it says so', () => registry.logged.length > 0);
  t.is(registry.state().status, 'waiting');
  // on a busy machine the first attempts run into their deadline
  const why =
    /^etcd at http:\/\/127\.0\.0\.1:\d+ does not answer for \d+ s: connect ECONNREFUSED 127\.0\.0\.1:\d+$/;
  await until(t, 'it says why', () => why.test(registry.state().reason ?? ''));
  await sleep(1_000); // several attempts, one line
  t.deepEqual(registry.logged, [{ level: 'warn', message: 'etcd does not answer, trying on' }]);
  t.false(isRegistered);
  await rig.etcd.start();
  await registering;
  t.deepEqual(registry.state(), { status: 'ok', registered: true });
});

withEtcd('a second agent with the same id is refused by name, and the first is not disturbed', async (t) => {
  const rig = await rigFor(t);
  await rig.etcd.start();
  const first = await rig.open();
  await first.register(agent('instance2', { port: 4100 }));
  const second = await rig.open();
  const error = await t.throwsAsync(second.register(agent('instance2', { owner: 'another', port: 4200 })));
  t.like(error, { code: 'refused', retryable: false });
  t.regex(
    error?.message ?? '',
    /^id instance2 is taken by another agent, at 127\.0\.0\.3:4100: give this one another id/,
  );
  t.like(second.state(), { status: 'refused', registered: false });
  await second.close();
  t.like(await rig.read('instance2'), { address: '127.0.0.3:4100' });
  t.deepEqual(first.state(), { status: 'ok', registered: true });
});

withEtcd(
  'a restart takes its own key over at once, and who was overtaken says so and does not fight',
  async (t) => {
    const rig = await rigFor(t);
    await rig.etcd.start();
    const before = await rig.open();
    await before.register(agent('instance2', { port: 4100 }));
    const after = await rig.open();
    const startedMs = performance.now();
    await after.register(agent('instance2', { port: 4200 }));
    t.true(performance.now() - startedMs < TTL_SECONDS * 1_000, 'without waiting for the lease');
    await until(t, 'the first one knows', () => before.state().status === 'refused');
    t.like(await rig.read('instance2'), { address: '127.0.0.3:4200' });
    await after.close();
    await until(t, 'the first one is registered again', () => before.state().status === 'ok');
    t.like(await rig.read('instance2'), { address: '127.0.0.3:4100' });
  },
);

withEtcd(
  'a-restart-is-no-news: watchers hear of an instance that was started again at its place',
  async (t) => {
    const rig = await rigFor(t);
    await rig.etcd.start();
    const before = await rig.open();
    await before.register(agent('instance2', { port: 4100 }));
    const watcher = await rig.open();
    const one: unknown[] = [];
    const all: unknown[] = [];
    watcher.watch('instance2', (endpoint) => void one.push(endpoint?.session));
    watcher.follow(PREFIX, (instances) => void all.push(instances[0]?.session));
    await until(t, 'it is found', () => one.length === 1 && all.length === 1);
    const after = await rig.open();
    await after.register(agent('instance2', { port: 4100 }));
    await until(t, 'the restart is heard of', () => one.length === 2 && all.length === 2);
    t.deepEqual(one, all);
    t.not(one[0], one[1]);
  },
);

withEtcd(
  'a restart of etcd changes nothing for a watcher, and the agent is registered after it',
  async (t) => {
    const rig = await rigFor(t);
    await rig.etcd.start();
    const [registry, watcher] = [await rig.open(), await rig.open()];
    const seen = follow(watcher, 'instance3');
    await registry.register(agent('instance3'));
    await until(t, 'it is found', () => watcher.lookup('instance3'));
    await rig.etcd.kill();
    await until(
      t,
      'both notice',
      () => registry.state().status === 'away' && watcher.state().status === 'away',
    );
    t.truthy(watcher.lookup('instance3'));
    await rig.etcd.start();
    await until(
      t,
      'both are back',
      () => registry.state().status === 'ok' && watcher.state().status === 'ok',
    );
    await until(t, 'the key is there', () => rig.read('instance3'));
    t.is(seen.filter((endpoint) => endpoint !== null).length, 1);
    t.truthy(seen.at(-1));
  },
);

withEtcd(
  'after a wipe of etcd agents register again, watchers never lose them and hear of later changes',
  async (t) => {
    const rig = await rigFor(t);
    await rig.etcd.start();
    const [registry, watcher] = [await rig.open(), await rig.open()];
    for (let revision = 0; revision < 20; revision++) await rig.delete(`nobody${revision}`);
    const seen = follow(watcher, 'instance3');
    await registry.register(agent('instance3'));
    await until(t, 'it is found', () => watcher.lookup('instance3'));
    await rig.etcd.wipe();
    await rig.etcd.start();
    await until(t, 'it is registered again', () => rig.read('instance3'));
    t.is(registry.logged.filter(({ message }) => message === 'registered').length, 2);
    await registry.close();
    const successor = await rig.open();
    await successor.register(agent('instance3', { port: 4200 }));
    await until(t, 'the change is heard', () => watcher.lookup('instance3')?.address.port === 4200);
    t.false(seen.slice(1).includes(null), 'never given up in between');
  },
);

withEtcd('an agent that is gone for longer than its lease is given up', async (t) => {
  const rig = await rigFor(t);
  await rig.etcd.start();
  const [registry, watcher] = [await rig.open(), await rig.open()];
  const seen = follow(watcher, 'instance3');
  await registry.register(agent('instance3'));
  await until(t, 'it is found', () => watcher.lookup('instance3'));
  await registry.close();
  await until(t, 'it is given up', () => seen.at(-1) === null);
  t.is(watcher.lookup('instance3'), null);
});

withEtcd('a key that somebody deletes is put back', async (t) => {
  const rig = await rigFor(t);
  await rig.etcd.start();
  const registry = await rig.open();
  await registry.register(agent('instance2'));
  await rig.delete('instance2');
  await until(t, 'it is back', () => rig.read('instance2'));
  t.true(registry.state().registered);
});

withEtcd(
  'an etcd that hangs is noticed by the deadline of a call; the lease it lost meanwhile is granted anew',
  async (t) => {
    const rig = await rigFor(t);
    await rig.etcd.start();
    const registry = await rig.open();
    await registry.register(agent('instance2'));
    rig.etcd.freeze();
    await until(t, 'it is noticed', () => registry.state().status === 'away');
    await sleep(TTL_SECONDS * 1_000); // the lease runs out on etcd's clock
    rig.etcd.thaw();
    await until(t, 'it is well again', () => registry.state().status === 'ok' && registry.state().registered);
    await until(t, 'the key is there', () => rig.read('instance2'));
  },
);

withEtcd('close() ends soon and rejects what waits, with etcd away or hanging', async (t) => {
  const rig = await rigFor(t);
  const waiting = await rig.open();
  const registering = t.throwsAsync(waiting.register(agent('instance2')), { code: 'closed' });
  await until(t, 'it says so', () => waiting.logged.length > 0);
  await waiting.close();
  await registering;
  await t.throwsAsync(waiting.register(agent('instance2')), { code: 'closed' });

  await rig.etcd.start();
  const registry = await rig.open();
  await registry.register(agent('instance2'));
  rig.etcd.freeze();
  const startedMs = performance.now();
  await registry.close();
  t.true(performance.now() - startedMs < 5_000);
  rig.etcd.thaw();
});

withEtcd("a key that is no agent's record is refused, and as an instance it is nowhere", async (t) => {
  const rig = await rigFor(t);
  await rig.etcd.start();
  const client = new Etcd3({ hosts: rig.etcd.endpoint });
  await client.put(`${PREFIX}/instances/instance2`).value('not json');
  client.close();
  const registry = await rig.open();
  const seen = follow(registry, 'instance2');
  await until(t, 'it is read', () => seen.length === 1);
  t.deepEqual(seen, [null]);
  await t.throwsAsync(registry.register(agent('instance2')), { code: 'refused' });
});

withEtcd('a cluster under another prefix is followed: who comes, drains and leaves', async (t) => {
  const rig = await rigFor(t);
  await rig.etcd.start();
  const sender = await rig.open();
  const seen: string[] = [];
  sender.follow(
    PREFIX,
    (all) => void seen.push(all.map(({ id, draining }) => (draining ? `${id}!` : id)).join(' ')),
  );
  const [one, two] = [await rig.open(), await rig.open()];
  await one.register(agent('b1'));
  await two.register(agent('b2', { port: 4101 }));
  await until(t, 'both are seen', () => seen.at(-1) === 'b1 b2');
  two.setDraining(true);
  await until(t, 'b2 drains', () => seen.at(-1) === 'b1 b2!');
  t.like(await rig.read('b2'), { draining: true, address: '127.0.0.3:4101' });
  t.deepEqual(two.state(), { status: 'ok', registered: true });
  two.setDraining(false);
  await until(t, 'b2 drains no more', () => seen.at(-1) === 'b1 b2');
  await two.close();
  await until(t, 'b2 is gone', () => seen.at(-1) === 'b1');
  await rig.etcd.wipe();
  await rig.etcd.start();
  await until(t, 'b1 is registered again', async () => (await rig.read('b1')) !== null);
  t.is(seen.at(-1), 'b1', 'a wipe empties no cluster');
});
