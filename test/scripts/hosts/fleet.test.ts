// create.sh hosts and destroy.sh around a stand-in for ssh: machines that fail, hang, or do not answer. That a real one
// is brought up is shown in test/hosts.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { Checkout, isRunning } from '../checkout.ts';

const PROJECT = join(import.meta.dirname, '../../..');

/** Called as `ssh -F CONFIG ID COMMAND`. A file `ID.STEP` says what happens there: `fail TEXT`, `hang`. */
const SSH = `#!/bin/bash
root=$(cd -- "$(dirname -- "$0")/.." && pwd)
id=$3 command=$4
cat >/dev/null
case $command in
  true) step=connect ;;
  *bash\\ -s*) step=\${command##*-- } ; step=\${step%% *} ;;
  tar*) step=unpack ;;
  *main.ts*) step=\${command##*main.ts } ; step=\${step%% *} ;;
  *) step=command ;;
esac
echo "$id $step" >>"$root/calls"
if [[ -f $root/$id.$step ]]; then
  read -r what text <"$root/$id.$step"
  if [[ $what == hang ]]; then echo $$ >"$root/hanging"; exec sleep 300; fi
  echo "$text" >&2
  exit \${what#fail}
fi
if [[ $step == command ]]; then echo "$id says: $command"; fi
exit 0
`;

interface Rig {
  readonly checkout: Checkout;
  readonly environment: NodeJS.ProcessEnv;
  readonly file: string;
  readonly calls: (id: string) => string[];
  readonly node: (script: string, args: readonly string[]) => ReturnType<Checkout['run']>;
}

function makeRig(t: ExecutionContext): Rig {
  const checkout = new Checkout(t);
  checkout.linkPackages();
  for (const folder of ['agent', 'bench', 'configs']) {
    cpSync(join(PROJECT, folder), join(checkout.root, folder), { recursive: true });
  }
  checkout.write('bin/ssh', SSH, 0o755);
  checkout.write('key', '-----BEGIN OPENSSH PRIVATE KEY-----\n', 0o600);
  const hosts = ['instance1', 'a', 'etcd'].map(
    (id, index) => `  - { id: ${id}, address: 192.0.2.${index + 1}, key: key }`,
  );
  const file = checkout.write('hosts.yaml', ['hosts:', ...hosts, ''].join('\n'));
  const environment = {
    PATH: `${join(checkout.root, 'bin')}:${process.env['PATH']}`,
    SPILLWAY_NPM_REGISTRY: 'http://192.0.2.99',
  };
  return {
    ...{ checkout, environment, file },
    calls: (id) =>
      readFileSync(join(checkout.root, 'calls'), 'utf8')
        .split('\n')
        .filter((line) => line.startsWith(`${id} `))
        .map((line) => line.slice(id.length + 1)),
    node: (script, args) =>
      checkout.run('scripts/node.sh', [join(checkout.root, script), ...args], environment),
  };
}

const CREATE = 'scripts/hosts/create.ts';
const DESTROY = 'scripts/hosts/destroy.ts';
const STEPS = ['connect', 'look', 'clear', 'unpack', 'place', 'node', 'packages', 'tools', 'shell', 'start'];

test('every machine goes through every step; addresses and the lines for ssh and cssh are printed', async (t) => {
  const rig = makeRig(t);
  const { code, out, err } = await rig.node(CREATE, [rig.file]);
  t.is(code, 0, err);
  t.deepEqual(rig.calls('instance1'), STEPS);
  t.deepEqual(rig.calls('etcd'), [...STEPS, 'registered']);
  t.true(
    out.includes(
      `cssh --options "-F '${rig.checkout.root}/.hosts/ssh_config'" root@192.0.2.1 root@192.0.2.2 root@192.0.2.3\n`,
    ),
  );
  const config = readFileSync(join(rig.checkout.root, '.hosts/ssh_config'), 'utf8');
  t.regex(
    config,
    /Host a 192\.0\.2\.2\n {2}HostName 192\.0\.2\.2\n {2}Port 22\n {2}User root\n {2}IdentityFile ".*\/key"\n {2}IdentitiesOnly yes/,
  );
  t.regex(config, /UserKnownHostsFile ".*\/\.hosts\/known_hosts"/);
  t.regex(config, /BatchMode yes/);
});

test('one machine fails: it is named with the step and what it said last, the others go on, the status says so', async (t) => {
  const rig = makeRig(t);
  rig.checkout.write('a.packages', 'fail1 npm error: no space left on device\n');
  const { code, out, err } = await rig.node(CREATE, [rig.file]);
  t.is(code, 1);
  t.regex(
    err,
    /a \(root@192\.0\.2\.2\) failed at packages:\n {4}npm error: no space left on device\n1 of 3 machines failed/,
  );
  t.regex(out, /a {10}packages {2}FAILED/);
  t.deepEqual(rig.calls('instance1'), STEPS);
  t.false(rig.calls('a').includes('start'));

  // Mended, the same again goes through.
  rmSync(join(rig.checkout.root, 'a.packages'));
  t.is((await rig.node(CREATE, [rig.file])).code, 0);
});

test('a machine whose host key changed is not waited for', async (t) => {
  const rig = makeRig(t);
  rig.checkout.write('a.connect', 'fail255 WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!\n');
  const { code, err } = await rig.node(CREATE, [rig.file]);
  t.is(code, 1);
  t.regex(err, /failed at connect:\n {4}the machine at 192\.0\.2\.2 has another key than before/);
  t.regex(err, /ssh-keygen -f .*known_hosts -R 192\.0\.2\.2\n/);
  t.deepEqual(rig.calls('a'), ['connect']);
});

test('Ctrl-C in the middle: what hangs is ended, and destroy knows all machines', async (t) => {
  const rig = makeRig(t);
  rig.checkout.write('a.node', 'hang\n');
  const argv = [join(rig.checkout.root, CREATE), rig.file];
  const child = spawn(process.execPath, argv, { env: { ...process.env, ...rig.environment }, stdio: 'pipe' });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const hanging = join(rig.checkout.root, 'hanging');
  while (!existsSync(hanging)) await delay(20);
  const pid = Number(readFileSync(hanging, 'utf8'));
  child.kill('SIGINT');
  const [code] = await once(child, 'exit');
  t.is(code, 130, said);
  t.regex(said, /the same again goes on from here; \.\/destroy\.sh removes all of it/);
  while (isRunning(pid)) await delay(20);

  const destroyed = await rig.node(DESTROY, []);
  t.is(destroyed.code, 0, destroyed.err);
  for (const id of ['instance1', 'a', 'etcd']) t.deepEqual(rig.calls(id).slice(-2), ['connect', 'remove']);
  t.false(existsSync(join(rig.checkout.root, '.hosts')));
});

test('destroy: one that cannot be cleaned stays on the list, is named, and may be forgotten', async (t) => {
  const rig = makeRig(t);
  t.is((await rig.node(CREATE, [rig.file])).code, 0);
  rig.checkout.write('a.remove', 'fail1 still there: /opt/spillway\n');
  const first = await rig.node(DESTROY, []);
  t.is(first.code, 1);
  t.regex(first.err, /failed at remove:\n {4}still there: \/opt\/spillway/);
  t.regex(first.err, /still there: a; again: \.\/destroy\.sh; if gone for good: \.\/destroy\.sh --forget/);
  const listed = await rig.node(DESTROY, ['--list']);
  t.is(listed.out, 'machine a: root@192.0.2.2\n');
  const forgotten = await rig.node(DESTROY, ['--forget']);
  t.is(forgotten.code, 0);
  t.regex(forgotten.out, /forgotten: a; what is on it stays there/);
  t.is((await rig.node(DESTROY, [])).out, '');
});

test('run on: by machine, and the status of the worst', async (t) => {
  const rig = makeRig(t);
  t.is((await rig.node(CREATE, [rig.file])).code, 0);
  const all = await rig.node('scripts/hosts/on.ts', ['--all', 'df', '-h']);
  t.is(all.code, 0);
  for (const id of ['instance1', 'a', 'etcd']) t.true(all.out.includes(`${id}:\n  ${id} says: df -h\n`));
  const some = await rig.node('scripts/hosts/on.ts', ['a', 'etcd', '--', 'uptime']);
  t.false(some.out.includes('instance1'));
  rig.checkout.write('a.command', 'fail7 no such file\n');
  const failing = await rig.node('scripts/hosts/on.ts', ['--all', 'cat x']);
  t.is(failing.code, 1);
  t.true(failing.out.includes('a (exit status 7):\n  no such file\n'));
  t.regex(
    (await rig.node('scripts/hosts/on.ts', ['instance9', 'ls'])).err,
    /'instance9' is no machine.*instance1, a, etcd/,
  );
});

test('what is wrong with a file of machines, or with its key, is said before anything is touched', async (t) => {
  const rig = makeRig(t);
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      'hosts:\n  - { id: instance1, address: h1 }\n  - { id: b, address: h2 }\n',
      /no machine for a; not in the chain: b/,
    ],
    ['hosts:\n  - { id: instance1, address: h1 }\n  - { id: a, address: h1 }\n', /h1:22 is there twice/],
    [
      'hosts:\n  - { id: instance1, address: "h1;reboot" }\n  - { id: a, address: h2 }\n',
      /hosts\.yaml:2: hosts\.0\.address: expected a host name/,
    ],
    [
      'hosts:\n  - { id: instance1, address: h1, key: nokey }\n  - { id: a, address: h2 }\n',
      /nokey does not exist/,
    ],
    ['hosts: 3\n', /hosts\.yaml:1: hosts/],
  ];
  for (const [text, said] of cases) {
    const file = rig.checkout.write('hosts.yaml', text);
    const { code, err } = await rig.node(CREATE, [file]);
    t.is(code, 2, err);
    t.regex(err, said);
  }
  t.false(existsSync(join(rig.checkout.root, 'calls')));
  t.false(existsSync(join(rig.checkout.root, '.hosts')));
});
