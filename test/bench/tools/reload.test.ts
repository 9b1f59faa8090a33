import test from 'ava';
import { scenarioSchema } from '../../../bench/scenario.ts';
import { parseYaml } from '../../../bench/scenario-yaml.ts';
import { agentReload } from '../../../bench/tools/agent/reload.ts';

const CONFIG = `id: instance1
log: { dir: log }
destinations: [{ name: a, instance: a, policy: block }, { name: b, instance: b }]
`;

test('a change takes destinations out and sets keys of the others, and leaves the rest alone', (t) => {
  const changed = agentReload.changed(CONFIG, { without: ['b'], set: { policy: 'dropOldest', lingerMs: 5 } });
  t.deepEqual(JSON.parse(changed), {
    id: 'instance1',
    log: { dir: 'log' },
    destinations: [{ name: 'a', instance: 'a', policy: 'dropOldest', lingerMs: 5 }],
  });
});

test('a configuration without destinations is named', (t) => {
  t.throws(() => agentReload.changed('id: x', { without: [], set: {} }), {
    message: /no list of destinations/,
  });
});

test('a step that leaves out who is not behind its target is refused', (t) => {
  const scenario = (target: string, name: string) => `name: x
description: x
chain: { instances: 2, fanOut: 1 }
generator: { rate: 1k/s }
steps: [{ at: 1s, do: reload, target: ${target}, without: [${name}] }]
`;
  t.notThrows(() => parseYaml('x.yaml', scenario('instance2', 'a'), scenarioSchema));
  const refused = (target: string, name: string, message: RegExp) =>
    t.throws(() => parseYaml('x.yaml', scenario(target, name), scenarioSchema), { message });
  refused('instance1', 'a', /'a' is not behind instance1; expected one of instance2/);
  refused('a', 'b', /'b' is not behind a; it sends to nobody/);
  refused('c', 'b', /'c' is not in the chain/);
});
