// A member's health, on a clock that the test moves.

import test from 'ava';
import fc from 'fast-check';
import { MemberHealth, SHARE_MIN } from '../../../../agent/sink/cluster/health.ts';

const OPTIONS = { probeMinMs: 100, probeMaxMs: 1_000, probeSuccesses: 3, slowStartMs: 1_000 };

function member({ others = true, random = 1 } = {}) {
  const state = { others };
  return {
    state,
    health: new MemberHealth(OPTIONS, { others: () => state.others, random: () => random }),
  };
}

/** Up, as at the first connection. */
function up(options?: Parameters<typeof member>[0]) {
  const made = member(options);
  made.health.connected(0);
  return made;
}

test('a new member is tried at once and is up when it answers', (t) => {
  const { health } = member();
  t.like(health, { state: 'probing', reason: 'not connected yet' });
  t.true(health.probeDue(0));
  t.false(health.usable());
  health.connected(0);
  t.like(health, { state: 'up', reason: null });
  t.true(health.usable());
  t.false(health.probeDue(0));
  t.is(health.inflightBatchesMax, Number.POSITIVE_INFINITY);
});

test('an error ejects, and it comes back half-open: one batch at a time until enough were acknowledged', (t) => {
  const { health } = up();
  health.failed('lost the connection', 10);
  t.like(health, { state: 'ejected', reason: 'lost the connection' });
  t.false(health.usable());
  t.false(health.probeDue(109));
  t.true(health.probeDue(110));
  health.connected(110);
  t.like(health, { state: 'probing', inflightBatchesMax: 1 });
  t.true(health.usable());
  health.acknowledged(120);
  health.acknowledged(130);
  t.like(health, { state: 'probing', reason: 'connected, 2 of 3 batches acknowledged' });
  health.acknowledged(140);
  t.like(health, { state: 'up', reason: null });
});

test('successes count from the last connection on', (t) => {
  const { health } = up();
  health.failed('x', 0);
  health.connected(100);
  health.acknowledged(110);
  health.acknowledged(120);
  health.failed('x', 130);
  health.connected(1_000);
  health.acknowledged(1_010);
  t.is(health.state, 'probing');
});

test('a time without acknowledgement ejects too, and a late acknowledgement changes nothing', (t) => {
  const { health } = up();
  health.timedOut(10);
  for (let n = 0; n < 5; n++) health.acknowledged(20);
  t.like(health, { state: 'ejected', reason: 'acknowledged nothing for too long' });
});

test('the wait doubles from failure to failure up to its limit, and begins anew once it was up', (t) => {
  const { health } = up();
  let now = 0;
  const waits: number[] = [];
  const fail = () => {
    health.failed('x', now);
    const from = now;
    while (!health.probeDue(now)) now++;
    waits.push(now - from);
  };
  for (let n = 0; n < 6; n++) fail();
  t.deepEqual(waits, [100, 200, 400, 800, 1_000, 1_000]);
  health.connected(now);
  fail(); // while probing
  t.is(waits.at(-1), 1_000);
  health.connected(now);
  for (let n = 0; n < 3; n++) health.acknowledged(now);
  fail();
  t.is(waits.at(-1), 100);
});

test('jitter: a wait is between half and the whole', (t) => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (random) => {
      const { health } = up({ random });
      health.failed('x', 0);
      return !health.probeDue(49) && health.probeDue(100);
    }),
  );
  t.pass();
});

test('slow start: the share rises evenly to a full one', (t) => {
  const { health } = up();
  t.is(health.share(0), SHARE_MIN);
  t.true(Math.abs(health.share(500) - (1 + SHARE_MIN) / 2) < 1e-9);
  t.is(health.share(1_000), 1);
  t.is(health.share(1e9), 1);
  const { health: atOnce } = {
    health: new MemberHealth({ ...OPTIONS, slowStartMs: 0 }, { others: () => true, random: () => 0 }),
  };
  atOnce.connected(5);
  t.is(atOnce.share(5), 1);
});

test('errors never take the last member: it is tried after the shortest wait and is up when it answers', (t) => {
  const { health, state } = up({ others: false });
  for (let n = 0; n < 20; n++) health.failed('x', n * 100);
  t.false(health.probeDue(1_999));
  t.true(health.probeDue(2_000), 'not after the long wait of the 20th failure');
  health.connected(2_000);
  t.is(health.state, 'up');
  state.others = true;
  health.failed('x', 2_000);
  t.true(health.probeDue(2_100), 'and its failures are forgotten once it was up');
});

test('when the others go while it waits, the long wait ends', (t) => {
  const { health, state } = up();
  for (let n = 0; n < 20; n++) health.failed('x', 0);
  t.false(health.probeDue(900));
  state.others = false;
  t.true(health.probeDue(900));
});

test('news-during-an-attempt: what comes while it is tried lets it be tried again at once, once', (t) => {
  const { health } = up();
  health.failed('x', 10);
  t.true(health.probeDue(110));
  health.tries();
  health.hasNews();
  health.failed('x', 120);
  t.true(health.probeDue(120), 'it was started again after this attempt began');
  health.tries();
  health.failed('x', 130);
  t.false(health.probeDue(131));
});

test('draining: nothing more whoever is left, its reason said, and as it was when it ends', (t) => {
  const { health } = up({ others: false });
  health.setDraining(true);
  t.like(health, { state: 'draining', reason: 'draining' });
  t.false(health.usable());
  health.setDraining(false);
  t.is(health.state, 'up');
  t.true(health.usable());
});

test('whatever happens: usable only with a connection, a share of 0.1 to 1, and a way back', (t) => {
  const event = fc.constantFrom(
    'connected',
    'failed',
    'timedOut',
    'acknowledged',
    'drain',
    'undrain',
    'alone',
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(event, fc.nat(3_000)), { maxLength: 40 }), (events) => {
      const { health, state } = member({ random: 0.5 });
      let now = 0;
      let connected = false;
      for (const [what, ms] of events) {
        now += ms;
        if (what === 'connected') health.connected(now);
        else if (what === 'failed') health.failed('x', now);
        else if (what === 'timedOut') health.timedOut(now);
        else if (what === 'acknowledged') health.acknowledged(now);
        else if (what === 'alone') state.others = !state.others;
        else health.setDraining(what === 'drain');
        if (what === 'connected') connected = true;
        if (what === 'failed' || what === 'timedOut') connected = false;
        if (health.usable() && !connected) return false;
        if (health.share(now) < SHARE_MIN || health.share(now) > 1) return false;
        if ((health.state === 'up') !== (health.reason === null)) return false;
      }
      health.setDraining(false);
      health.failed('x', now);
      if (!health.probeDue(now + OPTIONS.probeMaxMs)) return false;
      health.connected(now);
      for (let n = 0; n < OPTIONS.probeSuccesses; n++) health.acknowledged(now);
      return health.state === 'up' && health.usable();
    }),
  );
  t.pass();
});
