import test from 'ava';
import type { Layout, Sizes } from '../../../../bench/report/page/chain-layout.ts';
import { layoutChain } from '../../../../bench/report/page/chain-layout.ts';
import { longNamesResult, passingResult } from '../fixture.ts';

const SIZES: Sizes = { columns: 6, boxWidth: 100, boxHeight: 40, gap: 90 };

function assertApart({ boxes, width, height }: Layout, sizes: Sizes): string | null {
  for (const [index, a] of boxes.entries()) {
    if (a.x < 0 || a.y < 0 || a.x + sizes.boxWidth > width || a.y + sizes.boxHeight > height)
      return `${a.name} is outside`;
    for (const b of boxes.slice(index + 1)) {
      const apart = Math.abs(a.x - b.x) >= sizes.boxWidth || Math.abs(a.y - b.y) >= sizes.boxHeight;
      if (!apart) return `${a.name} covers ${b.name}`;
    }
  }
  return null;
}

test('boxes never cover each other nor leave the picture, whatever the chain', (t) => {
  for (let length = 1; length <= 9; length++) {
    for (let fan = 0; fan <= 5; fan++) {
      for (const columns of [2, 3, 6]) {
        const places = Array.from({ length }, (_, n) => `p${n}`);
        const fanOut = Array.from({ length: fan }, (_, n) => `d${n}`);
        const result = passingResult({ places, fanOut, seconds: 2 });
        const sizes = { ...SIZES, columns };
        const layout = layoutChain(result, sizes);
        t.is(layout.boxes.length, length + fan + 1);
        t.is(layout.lines.length, length + fan);
        t.is(assertApart(layout, sizes), null, `${length} places, ${fan} destinations, ${columns} columns`);
      }
    }
  }
});

test('generator first, destinations together in the last column', (t) => {
  const { boxes } = layoutChain(passingResult(), SIZES);
  t.deepEqual(
    boxes.map(({ name, column }) => [name, column]),
    [
      ['generator', 0],
      ['instance1', 1],
      ['instance2', 2],
      ['instance3', 3],
      ['a', 4],
      ['b', 4],
      ['c', 4],
    ],
  );
});

test('a long chain goes on in the next row, and its line crosses no box', (t) => {
  const { boxes, lines } = layoutChain(longNamesResult(), SIZES);
  const first = boxes.filter(({ column }) => column < 6);
  const second = boxes.filter(({ column }) => column >= 6);
  t.is(new Set(first.map(({ rowTop }) => rowTop)).size, 1);
  const floor = Math.max(...first.map(({ y }) => y + SIZES.boxHeight));
  const ceiling = Math.min(...second.map(({ y }) => y));
  const turn = lines.find(({ to }) => to === second[0]?.name)?.path ?? '';
  const between = Number(/V([\d.]+)H/.exec(turn)?.[1]);
  t.true(between > floor && between < ceiling, turn);
});

test('hops in a circle end', (t) => {
  const result = passingResult();
  const hop = (from: string, to: string) => ({ name: `${from} -> ${to}`, tool: 'agent', from, to });
  t.notThrows(() => layoutChain({ ...result, hops: [hop('x', 'y'), hop('y', 'x')] }, SIZES));
});
