// The state that is committed is empty: the check that says so, on one that is not.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { stateProblem } from '../../scripts/check-state.ts';

test('the state of this checkout is empty', (t) => {
  t.is(stateProblem(readFileSync(join(import.meta.dirname, '../../infra/terraform.tfstate'), 'utf8')), null);
});

test('a state with resources is refused by name; data that was only read is none', (t) => {
  const up = { resources: [{ mode: 'managed', type: 'aws_instance', name: 'instance1' }] };
  t.regex(stateProblem(JSON.stringify(up)) ?? '', /1 resources \(aws_instance\.instance1\): \.\/destroy\.sh/);
  t.is(
    stateProblem(JSON.stringify({ resources: [{ mode: 'data', type: 'aws_region', name: 'region' }] })),
    null,
  );
  t.regex(stateProblem('{}') ?? '', /not a state/);
});
