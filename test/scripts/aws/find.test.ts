// ./destroy.sh --find around a stand-in for the AWS command line: what it asks, what it deletes, and what it does not.

import { userInfo } from 'node:os';
import test, { type ExecutionContext } from 'ava';
import { makeRig, type Rig } from './rig.ts';

const OWNER = userInfo().username;
const FOUND = {
  instances: [
    ['i-1', OWNER],
    ['i-2', `not-${OWNER}`],
  ],
  vpcs: [
    ['vpc-1', OWNER],
    ['vpc-2', `not-${OWNER}`],
  ],
  subnets: [['subnet-1', OWNER]],
  'security-groups': [['sg-1', OWNER]],
  volumes: [['vol-1', OWNER]],
};

function makeLost(t: ExecutionContext): Rig {
  const rig = makeRig(t);
  for (const [kind, found] of Object.entries(FOUND)) {
    const answer = found.map(([id, owner]) => ({
      id,
      tags: [
        { Key: 'spillway:run', Value: 'r1' },
        { Key: 'spillway:owner', Value: owner },
      ],
    }));
    rig.checkout.write(`found/describe-${kind}`, JSON.stringify(answer));
  }
  return rig;
}

const changes = (rig: Rig) => rig.asked().filter((words) => !/ describe-|get-caller|configure/.test(words));

test('--list beside --find, in either order, deletes nothing', async (t) => {
  for (const words of [
    ['--find', '--list'],
    ['--list', '--find'],
  ]) {
    const rig = makeLost(t);
    const { code, out, err } = await rig.run('destroy.sh', words);
    t.is(code, 0, err);
    t.regex(out, /account 123456789012.*7 resources of rigs, 5 of them of/);
    t.deepEqual(changes(rig), []);
  }
});

test('nobody there to be asked: nothing is deleted', async (t) => {
  const rig = makeLost(t);
  const { code, err } = await rig.run('destroy.sh', ['--find']);
  t.is(code, 1);
  t.regex(err, /nobody is there to be asked about r1 \(--yes deletes\)\nnothing was deleted\n/);
  t.deepEqual(changes(rig), []);
});

test("--yes: this user's go, users before what they use; another's stay", async (t) => {
  const rig = makeLost(t);
  const { code, out, err } = await rig.run('destroy.sh', ['--find', '--yes']);
  t.is(code, 0, err);
  t.deepEqual(
    changes(rig).map((words) => words.replace(/^ec2 /, '')),
    [
      'terminate-instances --instance-ids i-1',
      'wait instance-terminated --instance-ids i-1',
      'delete-volume --volume-id vol-1',
      'delete-security-group --group-id sg-1',
      'delete-subnet --subnet-id subnet-1',
      'delete-vpc --vpc-id vpc-1',
    ],
  );
  t.regex(out, /vpc vpc-2 \(run r1, not-/);
});

test('what has gone is not shown any more, though its tags still are; nor what goes with something else', async (t) => {
  const rig = makeLost(t);
  await rig.run('destroy.sh', ['--find', '--list']);
  const asked = rig.asked().join('\n');
  t.notRegex(asked, /describe-tags/);
  t.regex(asked, /describe-instances .*State\.Name!='terminated'/);
  t.regex(asked, /describe-volumes .*State=='available'/);
  t.regex(asked, /describe-security-groups .*GroupName!='default'/);
});

test('AWS_REGION counts for every version of the command line', async (t) => {
  const rig = makeLost(t);
  const { out } = await rig.run('destroy.sh', ['--find', '--list'], { AWS_REGION: 'eu-west-1' });
  t.regex(out, /region eu-west-1 and no other/);
  t.true(rig.asked().length > 2);
  for (const words of rig.asked()) t.true(words.startsWith('--region eu-west-1 '), words);
});

test('words that do not go together are refused', async (t) => {
  const rig = makeLost(t);
  for (const words of [
    ['--find', '--forget'],
    ['--find', '--here'],
    ['--yes'],
    ['--list', '--forget'],
    ['--find', '--list', '--yes'],
  ]) {
    const { code, err } = await rig.run('destroy.sh', words);
    t.is(code, 2, words.join(' '));
    t.regex(err, /usage: \.\/destroy\.sh/);
  }
  t.deepEqual(rig.asked(), []);
});
