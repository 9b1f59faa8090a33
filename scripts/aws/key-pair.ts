// A private key that does not fit its public half, or that nobody can open, is noticed before machines are paid for:
// later it looks like a machine that never answers.

import { spawnSync } from 'node:child_process';
import { BenchError } from '../../bench/run-error.ts';

const TIMEOUT_MS = 10_000;

/** Says nothing where ssh-keygen is missing, or does not know this kind of key: then ssh will tell. */
export function checkPair(privateKey: string, publicKey: string, environment = process.env): void {
  const argv = ['-y', '-P', '', '-f', privateKey];
  const { status, stdout, stderr } = spawnSync('ssh-keygen', argv, {
    ...{ encoding: 'utf8', timeout: TIMEOUT_MS, stdio: ['ignore', 'pipe', 'pipe'] },
  });
  if (status !== 0) {
    if (!/incorrect passphrase/i.test(stderr ?? '') || environment['SSH_AUTH_SOCK']) return;
    throw new BenchError(
      'usage',
      `the key ${privateKey} has a passphrase and no ssh-agent is there to open it: eval "$(ssh-agent)" && ssh-add ${privateKey}`,
    );
  }
  if (bare(stdout) === bare(publicKey)) return;
  throw new BenchError(
    'usage',
    `${privateKey}.pub is not the public half of ${privateKey}: ssh-keygen -y -f ${privateKey} > ${privateKey}.pub makes it again`,
  );
}

/** Type and key, without the comment. */
function bare(line: string): string {
  return line.trim().split(/\s+/).slice(0, 2).join(' ');
}
