// What a user or a machine can do wrong: a clear message, the right exit status, no other agent harmed.

import { execFile, spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { until } from '../agent/source/until.ts';
import { AgentProcess, MAIN } from './agent-process.ts';
import {
  addressOf,
  configOf,
  delivers,
  destinationAt,
  listenOn,
  tailOf,
  temporaryDirectory,
} from './chain.ts';

interface Place {
  readonly dir: string;
  readonly spool: string;
}

async function place(t: ExecutionContext): Promise<Place> {
  const dir = await temporaryDirectory(t);
  const spool = join(dir, 'spool');
  await mkdir(spool);
  return { dir, spool };
}

/** Starts an agent that is to give up, and resolves with what it said. */
async function refused(agent: AgentProcess): Promise<{ code: number | null; errors: string }> {
  const before = agent.errors.length;
  agent.launch();
  const { code } = await agent.ended();
  return { code, errors: agent.errors.slice(before) };
}

test.serial('a second agent on the same log directory is refused, and the first goes on', async (t) => {
  const { dir, spool } = await place(t);
  const first = await AgentProcess.prepare(t, dir, configOf('first', 1, { sources: [tailOf(spool)] }));
  await first.start();
  const second = await AgentProcess.prepare(
    t,
    dir,
    configOf('second', 2, { sources: [tailOf(spool)], log: { dir: first.logDir } }),
  );
  const { code, errors } = await refused(second);
  t.is(code, 1);
  t.is(
    errors,
    `agent: ${first.logDir} is in use by process ${first.pid}: stop it or choose another directory\n`,
  );
  await writeFile(join(spool, 'a.log'), 'still here\n');
  await delivers(t, first, Buffer.from('still here\n'));
  await first.signal('SIGKILL');
  await second.start();
  t.is((await second.health()).status, 'ok');
});

test.serial('ports that are in use: of the listener, and of http', async (t) => {
  const { dir } = await place(t);
  for (const [host, port] of [
    [11, 4100],
    [12, 8100],
  ] as const) {
    const taken = net.createServer().listen(port, addressOf(host, port).split(':')[0]);
    t.teardown(() => taken.close());
    const agent = await AgentProcess.prepare(
      t,
      dir,
      configOf(`on${host}`, host, { sources: [listenOn(host)] }),
    );
    const { code, errors } = await refused(agent);
    t.is(code, 1);
    t.true(errors.startsWith(`agent: cannot listen on ${addressOf(host, port)}`), errors);
    t.regex(errors, /another process listens there: stop it or choose another port/);
    t.is(errors.trim().split('\n').length, 1, errors);
  }
});

test.serial(
  'an address that this machine does not have: exit status 1, as for one that is taken',
  async (t) => {
    const { dir } = await place(t);
    const config = configOf('elsewhere', 13, { sources: [listenOn(13, { address: '192.0.2.1:4100' })] });
    const { code, errors } = await refused(await AgentProcess.prepare(t, dir, config));
    t.is(code, 1);
    t.is(
      errors,
      'agent: cannot listen on 192.0.2.1:4100: no interface of this machine has that address (EADDRNOTAVAIL)\n',
    );
  },
);

test.serial('bad configurations: exit status 2, the file, the line, and what was expected', async (t) => {
  const { dir, spool } = await place(t);
  const agent = await AgentProcess.prepare(t, dir, configOf('bad', 21, { sources: [tailOf(spool)] }));
  const http = { address: addressOf(21, 8100) };
  const cases: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{ id: 'bad', http, sorces: [] }, /agent\.yaml:\d+:\d+: sorces: unknown key.*sources/],
    [
      { id: 'bad', http, sources: [tailOf(join(dir, 'nowhere'))] },
      /agent\.yaml:\d+:\d+: .*cannot use directory .*nowhere/,
    ],
    [
      { id: 'bad', http, log: { dir: join(dir, 'no', 'where') } },
      /agent\.yaml:\d+:\d+: log\.dir: cannot use directory/,
    ],
    [
      { id: 'bad', http, destinations: [{ name: 'x', address: 'nonsense' }] },
      /agent\.yaml:\d+:\d+: destinations\[0\]\.address: /,
    ],
  ];
  for (const [config, expected] of cases) {
    await agent.configure(config);
    const { code, errors } = await refused(agent);
    t.is(code, 2, errors);
    t.regex(errors, expected);
    t.false(errors.includes('    at '), 'no stack');
  }
  await writeFile(agent.configFile, 'id: bad\nlog: [\n');
  t.is((await refused(agent)).code, 2);
});

const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] as const;

/** Whether another user could run the agent at all: a checkout below a private folder is closed to it. */
function nobodyCanRun(): boolean {
  if (process.getuid?.() !== 0) return false;
  const main = join(import.meta.dirname, '../../agent/main.ts');
  return spawnSync(NOBODY[0], [...NOBODY.slice(1), 'test', '-r', main]).status === 0;
}
const asNobody = nobodyCanRun() ? test.serial : test.serial.skip;

asNobody('directories that may not be used: read-only log, unreadable events', async (t) => {
  const { dir, spool } = await place(t);
  const agent = await AgentProcess.prepare(t, dir, configOf('nobody', 31, { sources: [tailOf(spool)] }));
  const run = async () => {
    agent.launch({ command: [...NOBODY] });
    const before = agent.errors.length;
    const { code } = await agent.ended();
    return { code, errors: agent.errors.slice(before) };
  };
  await chmod(dir, 0o755);
  await chmod(agent.dir, 0o555);
  const noLog = await run();
  t.is(noLog.code, 2, noLog.errors);
  t.regex(noLog.errors, /agent\.yaml:\d+:\d+: log\.dir: cannot use directory .*permission denied/i);
  await chmod(agent.dir, 0o777);
  await chmod(spool, 0o000);
  const noSpool = await run();
  t.is(noSpool.code, 2, noSpool.errors);
  t.regex(noSpool.errors, /sources\[0\]\.dir: cannot use directory .*spool: .*permission denied/i);
});

test.serial('a next hop that never appears: the agent waits and says so', async (t) => {
  const { dir, spool } = await place(t);
  const agent = await AgentProcess.prepare(
    t,
    dir,
    configOf('lonely', 41, {
      sources: [tailOf(spool)],
      destinations: [destinationAt('nobody', 42)],
    }),
  );
  await agent.start();
  await writeFile(join(spool, 'a.log'), 'kept\n');
  await delivers(t, agent, Buffer.from('kept\n'));
  const { status, away } = await agent.health();
  t.is(status, 'ok');
  t.regex(away['nobody'] ?? '', /cannot connect to 127.*nothing listens there/);
  t.deepEqual((await agent.metrics()).openEquations(), []);
  t.deepEqual(await agent.signal('SIGTERM'), { code: 0, signal: null });
});

test.serial('an address that resolves to nothing is waited for', async (t) => {
  const { dir, spool } = await place(t);
  const destinations = [{ name: 'next', address: 'no-such-host.invalid:4100' }];
  const config = configOf('resolver', 51, { sources: [tailOf(spool)], destinations });
  const agent = await AgentProcess.prepare(t, dir, config);
  await agent.start();
  const away = await until('it says so', async () => {
    const { away } = await agent.health();
    return (away['next'] ?? '').includes('no-such-host.invalid') ? away['next'] : null;
  });
  t.regex(away, /cannot connect to no-such-host\.invalid:4100: /);
});

test.serial('Ctrl-C once stops cleanly, twice at once', async (t) => {
  const { dir, spool } = await place(t);
  const receiver = await AgentProcess.prepare(t, dir, configOf('stopped', 62, { sources: [listenOn(62)] }));
  const patient = { peerTimeoutMs: 60_000, ackTimeoutMs: 60_000 };
  const config = configOf('interrupted', 61, {
    sources: [tailOf(spool)],
    destinations: [destinationAt('stopped', 62, patient)],
    stop: { drainMs: 60_000 },
  });
  const agent = await AgentProcess.prepare(t, dir, config);
  await agent.start();
  t.deepEqual(await agent.signal('SIGINT'), { code: 0, signal: null });
  await receiver.start();
  await agent.start();
  await until('it is connected', () => agent.said('"msg":"connected"'));
  // what it waits for at its stop does not come
  receiver.send('SIGSTOP');
  t.teardown(() => receiver.send('SIGCONT'));
  await writeFile(join(spool, 'a.log'), 'one\n');
  await delivers(t, agent, Buffer.from('one\n'));
  const stops = agent.lines.filter(({ msg }) => msg === 'stopping').length;
  agent.send('SIGINT');
  await until('it is stopping', () => agent.lines.filter(({ msg }) => msg === 'stopping').length > stops);
  t.deepEqual(await agent.signal('SIGINT'), { code: 1, signal: null });
});

test.serial('descriptors-used-up: ulimit -n 64 is survived, and said', async (t) => {
  const { dir, spool } = await place(t);
  const agent = await AgentProcess.prepare(
    t,
    dir,
    configOf('poor', 71, { sources: [tailOf(spool), listenOn(71)] }),
  );
  const names = Array.from({ length: 200 }, (_, index) => `f${String(index).padStart(3, '0')}.log`);
  for (const name of names) await writeFile(join(spool, name), `${name} 1\n`);
  await agent.start({ command: ['prlimit', '--nofile=64:64'] });
  await until(
    'every file is read',
    async () => (await agent.events()).toString().split('\n').length === 201,
    {
      withinMs: 15_000,
      show: () => JSON.stringify(agent.lines.slice(-10)),
    },
  );
  t.true(agent.said('descriptors are used up'), JSON.stringify(agent.lines.slice(-5)));
  t.true(agent.lines.filter(({ msg }) => msg.includes('descriptors')).length < 10);
  // more connections than there are descriptors
  const sockets = Array.from({ length: 80 }, () => {
    const socket = net.connect(4100, addressOf(71, 4100).split(':')[0]);
    socket.on('error', () => undefined);
    return socket;
  });
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  await writeFile(join(spool, 'later.log'), 'later\n');
  await until('it goes on', async () => (await agent.events()).includes('\nlater\n'), {
    withinMs: 15_000,
    show: () => JSON.stringify(agent.lines.slice(-10)),
  });
  for (const socket of sockets) socket.destroy();
  await until('it is well', async () => (await agent.health()).status === 'ok');
  t.is(agent.errors, '');
  t.deepEqual((await agent.metrics()).openEquations(), []);
});

test.serial('the command line: usage errors have status 2, check says what is wrong', async (t) => {
  const { dir, spool } = await place(t);
  const agent = await AgentProcess.prepare(t, dir, configOf('checked', 81, { sources: [tailOf(spool)] }));
  const main = (...args: string[]) =>
    new Promise<{ code: unknown; text: string }>((resolve) => {
      execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, text: stdout + stderr }),
      );
    });
  for (const args of [
    [],
    ['fly'],
    ['run'],
    ['run', '--config'],
    ['run', '--confg', 'x'],
    ['check', '--config', join(dir, 'none')],
  ]) {
    const { code, text } = await main(...args);
    t.is(code, 2, args.join(' '));
    t.false(text.includes('    at '), text);
  }
  const fine = await main('check', '--config', agent.configFile);
  t.is(fine.code, 0, fine.text);
  t.false((await readdir(agent.dir)).includes('log'), 'a check makes nothing');
});
