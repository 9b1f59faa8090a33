// Why a log cannot be written names what is missing, not the log directory that is there.

import test from 'ava';
import { writeFailure } from '../../../agent/log/write-failure.ts';

test('a directory of the log that was deleted is named, not the log', (t) => {
  const path = '/var/b-log/journal/00000000000000000000.journal.tmp';
  const gone = Object.assign(new Error('ENOENT: no such file or directory'), { code: 'ENOENT', path });
  const failure = writeFailure('/var/b-log', gone);
  t.is(
    failure.message,
    `cannot write the log in /var/b-log: there is no place for ${path}, because its directory was deleted: make it again (ENOENT)`,
  );
  t.true(failure.retryable);
});

test('what else the system says is told as it is', (t) => {
  const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  t.like(writeFailure('/var/b-log', full), {
    code: 'disk-full',
    retryable: true,
    message: 'cannot write the log in /var/b-log: no space left on its filesystem: free some (ENOSPC)',
  });
});
