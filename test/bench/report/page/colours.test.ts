import test from 'ava';
import { assignColours, depth, placesOf } from '../../../../bench/report/page/colours.ts';
import type { ProcessFigures } from '../../../../bench/result.ts';
import { longNamesResult, passingResult } from '../fixture.ts';

const key = ({ colour, dash }: { readonly colour: string; readonly dash: number }): string =>
  `${colour}/${dash}`;

test('places come in chain order', (t) => {
  const result = passingResult();
  t.deepEqual(placesOf(result), ['instance1', 'instance2', 'instance3', 'a', 'b', 'c']);
  t.deepEqual(placesOf({ ...result, hops: result.hops.toReversed() }).slice(0, 3), [
    'instance1',
    'instance2',
    'instance3',
  ]);
  t.is(depth(result, 'a'), 3);
  t.is(depth(result, 'unknown'), 0);
});

test('places differ from each other, past eight by the dash', (t) => {
  const result = longNamesResult();
  const { place } = assignColours(result);
  const keys = placesOf(result).map((name) => key(place(name)));
  t.is(new Set(keys).size, 9);
  t.is(keys[8], 'c0/1');
});

test('source, a hop and its directory are one thing', (t) => {
  const { place } = assignColours(passingResult());
  t.deepEqual(place('source'), place('instance1'));
  t.deepEqual(place('instance1 -> instance2'), place('instance2'));
});

test('a process has the colour of its place; a second one there has another; the rig is grey', (t) => {
  const result = passingResult();
  const process = (name: string, group: 'tool' | 'rig'): ProcessFigures => ({
    name,
    group,
    cpuSeconds: 1,
    cpuCores: 1,
    rssBytesMax: 1,
    writtenBytes: 1,
  });
  const names = ['instance2/send', 'instance2/receive', 'agent-a', 'agent', 'instance22'];
  const processes = [
    ...names.map((name) => process(name, 'tool')),
    process('generator', 'rig'),
    process('etcd', 'rig'),
  ];
  const colours = assignColours({ ...result, processes });
  t.deepEqual(colours.process('instance2/send'), colours.place('instance2'));
  t.deepEqual(colours.process('agent-a'), colours.place('a'));
  const all = processes.map(({ name }) => key(colours.process(name)));
  t.is(new Set(all).size, processes.length, all.join(' '));
  t.is(key(colours.process('generator')), 'g0/0');
  for (const name of ['instance22', 'agent']) {
    const taken = placesOf(result).map((place) => key(colours.place(place)));
    t.false(taken.includes(key(colours.process(name))), name);
  }
});

test('a cluster stands where its members do, not beside the generator', (t) => {
  const plain = passingResult();
  const members = [
    { name: 'a1', events: 1 },
    { name: 'a2', events: 1 },
  ];
  const result = {
    ...plain,
    hops: plain.hops.flatMap((hop) =>
      hop.to === 'a'
        ? members.map(({ name }) => ({ ...hop, to: name, name: `${hop.from} -> ${name}` }))
        : [hop],
    ),
    destinations: plain.destinations.map((each) => (each.name === 'a' ? { ...each, members } : each)),
  };
  t.is(depth(result, 'a'), depth(result, 'a1'));
  t.is(depth(result, 'a'), depth(result, 'b'));
});
