// A member that left the cluster and comes back: what it had acknowledged, and what was in doubt, is asked of it as of one
// that never left.

import test, { type ExecutionContext } from 'ava';
import { FORMER } from '../../../../agent/log/cursor-terms.ts';
import { Ledger } from '../../../../agent/sink/cluster/ledger.ts';
import { FrameType } from '../../../../agent/wire/frame.ts';
import { appendLines, sourceOf } from '../../log/lines.ts';
import { until } from '../../source/until.ts';
import { type Peer, ScriptedReceiver } from '../scripted-receiver.ts';
import { begin, instanceAt, openLog, ToldRegistry } from './registered.ts';

const EMPTY = { has: 0, sequence: 0 };

/** b1 has acknowledged the first of two lines and was sent both; then it leaves, and b2 takes its place. */
async function left(t: ExecutionContext, acknowledged: number) {
  const log = await openLog(t);
  const [one, two] = [await ScriptedReceiver.open(t), await ScriptedReceiver.open(t)];
  const told = new ToldRegistry();
  const destination = await begin(t, log, told.registry);
  told.tell(instanceAt('b1', one));
  const peer = await one.peer(0);
  peer.welcome(EMPTY);
  for (const line of ['one', 'two']) await appendLines(log, sourceOf(log), [line]);
  await peer.until(() => peer.text === 'one\ntwo\n');
  const sequence = peer.data[acknowledged - 1]?.header.sequence ?? 0;
  peer.say({ type: FrameType.ack, to: 4 * acknowledged, sequence, credit: 2 ** 20 });
  await until('it is acknowledged', () => destination.snapshot().acknowledged.events === acknowledged);
  told.tell(instanceAt('b2', two));
  const other = await two.peer(0);
  other.welcome(EMPTY);
  await until('b2 is connected', () => destination.snapshot().connected);
  const shown = (name: string) =>
    destination.snapshot().cluster?.members.find((member) => member.name === name);
  await until('b1 has left', () => {
    const former = shown('b1');
    return acknowledged === 2 ? former === undefined : former?.inDoubt.events === 1;
  });
  const back = async (): Promise<Peer> => {
    told.tell(instanceAt('b1', one), instanceAt('b2', two));
    return await one.peer(1);
  };
  return { destination, peer, other, shown, back };
}

test('former-member-lost-disk-uncounted: one that left with nothing open and returns empty is counted and told', async (t) => {
  const { destination, peer, shown, back } = await left(t, 2);
  t.is(shown('b1'), undefined, 'nothing of it is open');
  const returned = await back();
  t.is(returned.hello?.epoch, peer.hello?.epoch, 'asked for what it had');
  returned.welcome(EMPTY);
  await until('it is counted', () => shown('b1')?.lostEvents === 2);
  // only when its cursor is written
  await until('it is told', () => destination.loss !== null);
  t.regex(destination.loss ?? '', /member b1 came back without up to 2 events/);
  t.is(destination.snapshot().acknowledged.events, 2, 'in the equation they stay acknowledged');
});

test('one that left with something in doubt and returns empty: what it acknowledged is lost, the rest is absent', async (t) => {
  const { destination, other, shown, back } = await left(t, 1);
  await other.until(() => other.text === 'two\n');
  const [batch] = other.data;
  other.say({ type: FrameType.ack, to: 8, sequence: batch?.header.sequence ?? 0, credit: 2 ** 20 });
  await until('all is acknowledged', () => destination.snapshot().acknowledged.events === 2);
  t.is(shown('b1')?.inDoubt.events, 1);
  (await back()).welcome(EMPTY);
  await until('it is counted', () => shown('b1')?.lostEvents === 1);
  t.is(shown('b1')?.inDoubt.events, 0);
  t.is(destination.snapshot().cluster?.had.events, 0);
});

test('one that left and returns as it was has lost nothing', async (t) => {
  const { destination, peer, shown, back } = await left(t, 2);
  const last = peer.data.at(-1)?.header;
  const returned = await back();
  returned.welcome({
    ...{ has: 8, hasEvents: 2, sequence: last?.sequence ?? 0 },
    last: { from: 4, crc: last?.crc ?? 0 },
  });
  await until('it is connected', () => shown('b1')?.connected === true);
  t.is(shown('b1')?.lostEvents, 0);
  t.is(destination.loss, null);
});

/** As many members as asked for, each with 10 events of which it acknowledged half; every third was lost with the rest. */
function manyLanes(count: number): Ledger {
  const mark = (events: number) => ({ offset: 10 * events, events });
  const ledger = new Ledger(Ledger.fresh(mark(0)), 1000);
  for (let index = 0; index < count; index++) {
    const name = `m${index}`;
    ledger.give(name, mark(10 * (index + 1)));
    const [held] = ledger.lane(name).held;
    if (held === undefined) throw new Error('nothing is held');
    held.sent = mark(10 * (index + 1));
    const end = index % 3 === 0 ? mark(10 * index + 5) : mark(10 * (index + 1));
    ledger.acknowledge(name, { sequence: held.sequence, end, crc: null });
    if (index % 3 === 0) ledger.lose(name);
  }
  return ledger;
}

test('former-lanes-without-bound: of more than the limit those longest idle go, and what they may have stays counted', (t) => {
  const ledger = manyLanes(30);
  const sum = () => [...ledger.lanes.keys()].reduce((all, name) => all + ledger.inDoubt(name).events, 0);
  t.is(sum(), 50);
  ledger.bound(25, (name) => name === 'm1');
  t.is(ledger.lanes.size, 25);
  t.true(ledger.lanes.has('m1'), 'a member stays');
  t.true(ledger.lanes.has('m0'), 'who may have something stays while others have nothing to tell');
  t.false(ledger.lanes.has('m2'));
  ledger.bound(4, (name) => name === 'm1');
  t.deepEqual([...ledger.lanes.keys()].sort(), [FORMER, 'm1', 'm24', 'm27']);
  t.is(sum(), 50, 'nothing that is in doubt vanishes');
  const again = new Ledger(JSON.parse(JSON.stringify(ledger.cursor())), 1000);
  t.is(again.inDoubt(FORMER).events, 40, 'also over a restart');
});
