// The units of a machine with systemd, against a systemctl that answers as the real one (252) does.

import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type Service, systemdServices } from '../../../bench/remote/services.ts';

/** `list-unit-files` with a pattern that nothing fits ends with 1. */
const SYSTEMCTL = `#!/bin/sh
echo "$*" >>"\${0%/*}/calls"
case $1 in
  list-unit-files) exit 1 ;;
  show) echo "$(cat "\${0%/*}/state")" ;;
esac
`;
const SUDO = '#!/bin/sh\nshift\nexec "$@"\n';

function machine(t: ExecutionContext): { units: string; calls: () => string[]; state: (is: string) => void } {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-units-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const [bin, units] = [join(folder, 'bin'), join(folder, 'units')];
  for (const made of [bin, units]) mkdirSync(made);
  for (const [name, text] of Object.entries({ systemctl: SYSTEMCTL, sudo: SUDO })) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  const before = process.env['PATH'] ?? '';
  process.env['PATH'] = `${bin}:${before}`;
  t.teardown(() => {
    process.env['PATH'] = before;
  });
  const calls = () => {
    const lines = readFileSync(join(bin, 'calls'), 'utf8').trimEnd().split('\n');
    rmSync(join(bin, 'calls'));
    return lines;
  };
  return { units, calls, state: (is) => writeFileSync(join(bin, 'state'), is) };
}

function service(folder: string, name: string): Service {
  return { name, argv: ['/bin/true'], env: {}, cwd: folder, out: join(folder, '..', 'out', 'log') };
}

test.serial('a machine that has no unit of ours yet: nothing to stop is no failure', async (t) => {
  const { units, calls } = machine(t);
  writeFileSync(join(units, 'ssh.service'), '');
  const services = systemdServices(units);
  await services.stop();
  t.deepEqual(await services.down(), []);
  await services.start([service(units, 'spillway-a')]);
  t.deepEqual(calls(), ['daemon-reload', 'enable --quiet spillway-a', 'restart spillway-a']);
  await services.stop();
  t.deepEqual(calls(), ['stop spillway-a.service']);
  t.deepEqual(readdirSync(units).toSorted(), ['spillway-a.service', 'ssh.service']);
});

test.serial('a machine that has become another node is not the old one after its next boot', async (t) => {
  const { units, calls } = machine(t);
  writeFileSync(join(units, 'ssh.service'), '');
  const services = systemdServices(units);
  await services.start([service(units, 'spillway-etcd'), service(units, 'spillway-instance1')]);
  calls();
  await services.start([service(units, 'spillway-a')]);
  t.deepEqual(readdirSync(units).toSorted(), ['spillway-a.service', 'ssh.service']);
  t.deepEqual(calls().slice(0, 2), [
    'disable --now --quiet spillway-etcd.service',
    'disable --now --quiet spillway-instance1.service',
  ]);
});

test.serial('a unit that is not active is down', async (t) => {
  const { units, state } = machine(t);
  const services = systemdServices(units);
  await services.start([service(units, 'spillway-a')]);
  state('active');
  t.deepEqual(await services.down(), []);
  state('failed');
  t.deepEqual(await services.down(), ['spillway-a.service']);
});
