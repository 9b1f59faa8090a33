import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { loadComparison } from '../../../bench/compare/comparison-file.ts';
import { BenchError } from '../../../bench/run-error.ts';
import { nodeNames, scenarioSchema } from '../../../bench/scenario.ts';
import { contentOf, listScenarios, loadScenario } from '../../../bench/scenario-file.ts';
import { parseYaml } from '../../../bench/scenario-yaml.ts';
import { loadSuite } from '../../../bench/suite-file.ts';

const root = join(import.meta.dirname, '../../..');
const MINIMAL = 'name: small\ndescription: d\ngenerator:\n  rate: 1M/min\n';

function complaint(text: string): string {
  try {
    parseYaml('my.yaml', text, scenarioSchema);
  } catch (error) {
    if (error instanceof BenchError && error.code === 'usage') return error.message;
    throw error;
  }
  return 'accepted';
}

test('every scenario of the repository loads under its own name', async (t) => {
  const files = readdirSync(join(root, 'configs/bench')).filter((name) => name.endsWith('.yaml'));
  const scenarios = await listScenarios(root);
  const all = await loadSuite(root, 'all');
  const compare = await loadComparison(root, 'compare');
  const names = [...scenarios.map(({ scenario }) => scenario.name), all?.name ?? '', compare?.name ?? ''];
  t.deepEqual(names.map((name) => `${name}.yaml`).sort(), files.sort());
});

test('a suite names scenarios that are there, each once', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'spillway-suite-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'mine.yaml');
  const load = (scenarios: string) => {
    writeFileSync(file, `name: mine\ndescription: d\nscenarios: [${scenarios}]\n`);
    return loadSuite(root, file);
  };
  t.is((await load('outage, cut'))?.scenarios.length, 2);
  t.is(await loadSuite(root, 'outage'), null, 'a scenario is no suite');
  await t.throwsAsync(load('outage, outage'), { message: /'outage' is listed twice/ });
  await t.throwsAsync(load('nothing'), { message: /no scenario 'nothing'/ });
});

test('a small scenario gets defaults that promise everything', (t) => {
  const { asserts, chain, generator, durability } = parseYaml('my.yaml', MINIMAL, scenarioSchema);
  t.like(asserts, { lost: 0, duplicated: 0, reordered: 0, torn: 0, foreign: 0, conservation: 'closed' });
  t.deepEqual(nodeNames(chain), ['instance1', 'instance2', 'instance3', 'a']);
  t.like(generator, { content: 'synthetic', onSourceFull: 'expire', fileBytes: 64 * 2 ** 20 });
  t.is(durability, 'fsync');
});

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['an unknown key', `${MINIMAL}asserts:\n  losst: 0\n`, 'my.yaml:6: asserts.losst: unknown key'],
  ['a wrong type', `${MINIMAL}chain:\n  instances: many\n`, 'my.yaml:6: chain.instances: expected number'],
  [
    'a bad rate',
    MINIMAL.replace('1M/min', '1M/week'),
    "my.yaml:4: generator.rate: '1M/week' is not understood; expected a rate like",
  ],
  [
    'a bad duration',
    `${MINIMAL}  duration: soon\n`,
    "my.yaml:5: generator.duration: 'soon' is not understood; expected a duration like",
  ],
  [
    'a step at an unknown node',
    `${MINIMAL}steps:\n  - { at: 1s, do: stop, target: z }\n`,
    "my.yaml:6: steps.0.target: 'z' is not in the chain; expected one of instance1",
  ],
  [
    'a replay without files',
    `${MINIMAL}  content: replay-raw\n`,
    'generator.files: expected at least one file',
  ],
  [
    'a step that joins who is no member in reserve',
    `${MINIMAL}chain: { cluster: { members: 2, standby: 1 } }\nsteps:\n  - { at: 1s, do: join, target: a2 }\n`,
    "my.yaml:7: steps.0.target: 'a2' is not in the chain; expected one of a3",
  ],
  [
    'a member where there is no cluster',
    `${MINIMAL}steps:\n  - { at: 1s, do: kill, target: member }\n`,
    "steps.0.target: 'member' is not in the chain; expected one of instance1, instance2, instance3, a, random",
  ],
  [
    'a cluster that is verified live',
    `${MINIMAL}chain: { cluster: {} }\nverify: live\n`,
    'my.yaml:6: verify: a cluster is verified after the run',
  ],
  [
    'keys of another format than the events',
    `${MINIMAL}chain: { cluster: { strategy: keyHash, keyFormat: json } }\n`,
    'chain.cluster.keyFormat: is json, but the generator makes influx',
  ],
  ['broken YAML', `${MINIMAL}chain: [\n`, 'not YAML'],
  ['no rate', 'name: a\ndescription: d\ngenerator: {}\n', 'generator.rate: expected a rate like'],
];
for (const [what, text, expected] of REFUSED) {
  test(`${what} is refused with file, line, path and what was expected`, (t) => {
    const said = complaint(text);
    t.true(said.includes(expected), said);
  });
}

test('an unknown scenario names those that exist', async (t) => {
  const error = await t.throwsAsync(loadScenario(root, 'nope'), { instanceOf: BenchError });
  t.regex(error.message, /no scenario 'nope'.*throughput/);
});

test('globs of a replay become sorted files, and one that matches nothing is named', async (t) => {
  const { scenario } = await loadScenario(root, 'replay');
  const content = contentOf(root, scenario);
  t.true(content.kind === 'replay-raw' && content.files.length > 10);
  const generator = { ...scenario.generator, files: ['no/such/*.csv'] };
  t.throws(() => contentOf(root, { ...scenario, generator }), {
    message: /no file matches 'no\/such\/\*\.csv'/,
  });
});

test('a mixed chain names a tool for each of its links', (t) => {
  const chain = (links: string) => `${MINIMAL}chain: { instances: 2, links: [${links}] }\n`;
  t.is(complaint(chain('agent, rsyslog')), 'accepted');
  t.regex(complaint(chain('agent')), /my\.yaml:5: chain\.links: names 1 tools; expected 2, one for each/);
});
