// Errors carry a code to steer by and a text that says what to do.

import { readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import test from 'ava';
import {
  describeSystemError,
  exitStatusOf,
  fromSystemError,
  SpillwayError,
  systemCodeOf,
} from '../../agent/errors.ts';

test('codes that can pass by themselves are retryable unless told otherwise', (t) => {
  t.true(new SpillwayError('unreachable', 'cannot connect to 10.0.0.7:4000').retryable);
  t.false(new SpillwayError('refused', 'no').retryable);
  t.false(new SpillwayError('timeout', 'too late', { retryable: false }).retryable);
});

test('the exit status is 2 for what the user wrote, else 1', (t) => {
  t.is(exitStatusOf(new SpillwayError('config', 'x')), 2);
  t.is(exitStatusOf(new SpillwayError('bad-usage', 'x')), 2);
  t.is(exitStatusOf(new SpillwayError('locked', 'x')), 1);
  t.is(exitStatusOf(new TypeError('x')), 1);
});

test('a real error of the filesystem is put in words, with its cause and code', async (t) => {
  const cause = await t.throwsAsync(readFile('/nowhere/at/all'));
  const error = fromSystemError('cannot read /nowhere/at/all', cause, { data: { path: '/nowhere/at/all' } });
  t.is(
    error.message,
    'cannot read /nowhere/at/all: it does not exist: create it or correct its path (ENOENT)',
  );
  t.is(error.code, 'disk');
  t.is(error.cause, cause);
  t.deepEqual(error.data, { path: '/nowhere/at/all', system: 'ENOENT' });
});

test('a real error of a socket is unreachable and retryable', async (t) => {
  const cause = await new Promise((resolve) => {
    createConnection(1, '127.0.0.1').once('error', resolve);
  });
  const error = fromSystemError('cannot connect to 127.0.0.1:1', cause);
  t.is(error.message, 'cannot connect to 127.0.0.1:1: nothing listens there (ECONNREFUSED)');
  t.is(error.code, 'unreachable');
  t.true(error.retryable);
});

test('full disks and missing descriptors say what to free or raise', (t) => {
  const withCode = (code: string) => Object.assign(new Error(code), { code });
  t.regex(describeSystemError(withCode('ENOSPC')), /no space left/);
  t.is(fromSystemError('x', withCode('ENOSPC')).code, 'disk-full');
  t.is(fromSystemError('x', withCode('EDQUOT')).code, 'disk-full');
  t.regex(describeSystemError(withCode('EMFILE')), /ulimit -n/);
  t.regex(describeSystemError(withCode('EADDRINUSE')), /choose another port/);
});

test('what is no system error keeps its own text and the code it is given', (t) => {
  t.is(systemCodeOf(Object.assign(new Error('x'), { code: 14 })), undefined);
  t.is(systemCodeOf(new SpillwayError('disk', 'x')), undefined);
  t.is(describeSystemError(new Error('odd')), 'odd');
  t.is(describeSystemError('just text'), 'just text');
  t.is(fromSystemError('cannot x', new Error('odd'), { code: 'registry' }).code, 'registry');
});
