// Who is dealt which slots, and when that changes: only what a member that goes had moves, and what one that comes takes.

import test from 'ava';
import { Dealer, type Dealt } from '../../../../agent/sink/cluster/key-deal.ts';
import { hasSlot } from '../../../../agent/sink/cluster/slot-set.ts';

const here = (name: string, share = 1): Dealt => ({ name, usable: true, awaited: false, share });
const away = (name: string): Dealt => ({ name, usable: false, awaited: true, share: 0.1 });
const lost = (name: string): Dealt => ({ name, usable: false, awaited: false, share: 0.1 });

function ownersOf(dealer: Dealer, all: readonly Dealt[]): string[] {
  const deal = dealer.next(all);
  if (deal === null) return [];
  return Array.from({ length: 256 }, (_, slot) => {
    const owners = deal.members.filter((_, at) => hasSlot(deal.sets[at] ?? new Uint8Array(32), slot));
    return owners.join('+');
  });
}

test('every slot has one owner, and members that connect one after the other at the start wait for each other', (t) => {
  const dealer = new Dealer();
  t.deepEqual(ownersOf(dealer, [here('b1', 0.1), away('b2')]), []);
  ownersOf(dealer, [here('b1', 0.4)]);
  const owners = ownersOf(dealer, [here('b1', 0.4), here('b2', 0.1)]);
  dealer.begin();
  t.deepEqual(new Set(owners), new Set(['b1', 'b2']));
  t.deepEqual(ownersOf(dealer, [here('b1', 0.9), here('b2', 0.3)]), owners, 'nothing moves while both rise');
});

test('a member that is away for a moment keeps its slots; when it is lost only they move', (t) => {
  const dealer = new Dealer();
  const all = [here('b1'), here('b2'), here('b3')];
  const before = ownersOf(dealer, all);
  dealer.begin();
  t.deepEqual(ownersOf(dealer, [here('b1'), away('b2'), here('b3')]), before);
  t.deepEqual(ownersOf(dealer, [here('b1'), here('b2', 0.1), here('b3')]), before, 'also when it is back');
  const after = ownersOf(dealer, [here('b1'), lost('b2'), here('b3')]);
  for (const [slot, owner] of before.entries()) {
    if (owner === 'b2') t.not(after[slot], 'b2');
    else t.is(after[slot] ?? '', owner);
  }
});

test('a member that returns takes its slots step by step, and from nobody else in between', (t) => {
  const dealer = new Dealer();
  const before = ownersOf(dealer, [here('b1'), here('b2'), here('b3')]);
  dealer.begin();
  ownersOf(dealer, [here('b1'), lost('b2'), here('b3')]);
  let had = 0;
  for (const share of [0.1, 0.3, 0.6, 0.9, 1]) {
    const owners = ownersOf(dealer, [here('b1'), here('b2', share), here('b3')]);
    const mine = owners.filter((owner) => owner === 'b2').length;
    t.true(mine > had);
    had = mine;
    for (const [slot, owner] of owners.entries())
      if (owner !== 'b2' && before[slot] !== 'b2') t.is(owner, before[slot] ?? '');
  }
  t.deepEqual(ownersOf(dealer, [here('b1'), here('b2'), here('b3')]), before);
});

test('nobody is there, or only those who are awaited: nothing is dealt', (t) => {
  const dealer = new Dealer();
  t.is(dealer.next([]), null);
  t.is(dealer.next([away('b1'), lost('b2')]), null);
});
