import test from 'ava';
import { shareable } from '../../../bench/compare/shareable.ts';
import { madeCard } from '../report/scorecard/made-card.ts';

test('checkout-told: a scorecard says nothing of where the checkout lay', (t) => {
  const card = madeCard();
  const told = { ...card, description: 'reads /home/me/"it"/configs/bench/compare.yaml, not /home/me/other' };
  const { description, ...rest } = shareable(told, '/home/me/"it"');
  t.is(description, 'reads configs/bench/compare.yaml, not /home/me/other');
  const { description: _, ...before } = card;
  t.deepEqual(rest, JSON.parse(JSON.stringify(before)));
});
