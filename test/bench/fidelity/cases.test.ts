import test from 'ava';
import { FIDELITY_CASES, type FidelityCase, judgeCase, linesOf } from '../../../bench/fidelity/cases.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const CASE: FidelityCase = { name: 'two', lines: ['a\t1', 'b'].map(bytes) };

const OUTCOMES = [
  ['both as they were', ['a\t1', 'b'], true, 'kept', /^$/],
  ['both, the other way round', ['b', 'a\t1'], true, 'kept', /^$/],
  ['one with another byte', ['a#0111', 'b'], true, 'altered', /came as "a#0111"/],
  ['one of them gone', ['b'], true, 'dropped', /^1 of 2 lines$/],
  ['one in two pieces', ['a', '1', 'b'], true, 'split', /^2 lines; first came as "a"/],
  ['one twice', ['a\t1', 'b', 'b'], true, 'split', /1 lines/],
  ['nothing, and nothing afterwards', [], false, 'dropped', /2 of 2 lines; nothing came after it/],
  ['all, and nothing afterwards', ['a\t1', 'b'], false, 'dropped', /0 of 2 lines; nothing came after it/],
] as const;
for (const [what, arrived, isWhole, fate, detail] of OUTCOMES) {
  test(`fidelity: ${what}: ${fate}`, (t) => {
    const outcome = judgeCase(CASE, arrived.map(bytes), isWhole);
    t.is(outcome.fate, fate);
    t.regex(outcome.detail, detail);
  });
}

test('fidelity: bytes that are no text are compared as bytes', (t) => {
  const each = FIDELITY_CASES.find(({ name }) => name === 'invalid UTF-8');
  t.truthy(each);
  if (each === undefined) return;
  t.is(judgeCase(each, each.lines, true).fate, 'kept');
  const replaced = each.lines.map((line) => Buffer.from(line.toString('utf8'), 'utf8'));
  t.is(judgeCase(each, replaced, true).fate, 'altered');
});

test('fidelity: lines are whole, and empty ones count', (t) => {
  t.deepEqual(linesOf(bytes('a\r\n\nb\nunfinished')).map(String), ['a\r', '', 'b']);
  const long = FIDELITY_CASES.flatMap(({ lines }) => lines.map(({ length }) => length + 1));
  t.true(long.includes(4096) && long.includes(65_536));
});
