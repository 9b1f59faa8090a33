// The sender and its members are stopped at random steps of their disks, by kill or by power loss, several times over:
// what was promised is at some member, and the copies are as many as the sender says.

import { randomInt } from 'node:crypto';
import { setTimeout as passed } from 'node:timers/promises';
import test from 'ava';
import { below, type Random, randomOf } from '../../log/random.ts';
import { MemberNode, SenderNode } from './crash-world.ts';

const CASES = 3;
const LIVES = 4;

async function live(random: Random, sender: SenderNode, members: readonly MemberNode[]): Promise<void> {
  const victim = below(random, 5);
  const node = victim < 2 ? sender : (members[victim - 2] ?? sender);
  const endedBy = random() < 0.5 ? 'kill' : 'power';
  node.stopAfter(20 + below(random, 150));
  let isStopped = false;
  const stop = node.stopped.then(() => {
    isStopped = true;
  });
  for (let batch = 0; batch < 60 && !isStopped; batch++) {
    await Promise.race([sender.append(random).catch(() => undefined), stop]);
    if (random() < 0.3) await passed(below(random, 8));
  }
  await Promise.race([stop, passed(500)]);
  await node.die(endedBy);
  await node.open();
}

async function settled({ destination }: SenderNode): Promise<void> {
  const by = Date.now() + 20_000;
  for (;;) {
    const { buffered, cluster } = destination.snapshot();
    const inDoubt = cluster?.members.reduce((sum, member) => sum + member.inDoubt.events, 0);
    if (buffered.events === 0 && inDoubt === 0) return;
    if (Date.now() > by) throw new Error(`not settled: ${JSON.stringify(destination.snapshot())}`);
    await passed(10);
  }
}

/** Where a member has an event for the first time before an older one of the same key. */
function disordered(member: MemberNode): string[] {
  const last = new Map<string, number>();
  const seen = new Set<number>();
  return member.lines().flatMap((line) => {
    const [key = '', text] = line.split(' ');
    const number = Number(text);
    if (seen.has(number)) return [];
    seen.add(number);
    const isLate = number < (last.get(key) ?? -1);
    last.set(key, Math.max(number, last.get(key) ?? -1));
    return isLate ? [line] : [];
  });
}

const SHARINGS = [
  { strategy: 'leastInflight' },
  { strategy: 'keyHash', key: { format: 'graphite' } },
] as const;

for (const sharing of SHARINGS) {
  test(`${sharing.strategy}: nothing that was promised is lost, and had is what is doubled, wherever a disk stops`, async (t) => {
    t.timeout(120_000);
    const first = Number(process.env['SPILLWAY_SEED'] ?? randomInt(2 ** 31));
    let doubled = 0;
    for (let number = 0; number < CASES; number++) {
      const seed = first + number;
      const random = randomOf(seed);
      const members = [new MemberNode(random), new MemberNode(random), new MemberNode(random)];
      for (const member of members) await member.open();
      const addresses = members.map(({ address }) => address);
      const sender = new SenderNode(random, addresses, sharing);
      await sender.open();
      for (let turn = 0; turn < LIVES; turn++) await live(random, sender, members);
      await settled(sender);
      const found = members.flatMap((member) => member.lines());
      const distinct = new Set(found);
      const lost = [...sender.promised].filter((line) => !distinct.has(line));
      t.deepEqual(lost, [], `seed ${seed}`);
      const { cluster, acknowledged, appended } = sender.destination.snapshot();
      t.is(found.length - distinct.size, cluster?.had.events ?? -1, `doubled, seed ${seed}`);
      t.deepEqual(acknowledged, appended, `seed ${seed}`);
      t.is(distinct.size, appended.events, `seed ${seed}`);
      if (sharing.strategy === 'keyHash')
        t.deepEqual(members.flatMap(disordered), [], `order per key, seed ${seed}`);
      doubled += found.length - distinct.size;
      await sender.die('kill');
      for (const member of members) await member.die('kill');
    }
    t.log(`seeds from ${first}, ${doubled} doubled`);
  });
}
