// terraform or tofu, whichever is there, on the stack's folder. What it prints goes through to the user; what it said
// is kept to be explained when it fails.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { BenchError } from '../../bench/run-error.ts';
import { STACK_FOLDER } from '../../infra/synth.ts';

const PROGRAMS = ['terraform', 'tofu'] as const;
const SAID_CHARS_MAX = 256 * 1024;
const JSON_BYTES_MAX = 64 * 2 ** 20;
const HOW_TO_GET =
  'neither terraform nor tofu is on the PATH: get one from https://developer.hashicorp.com/terraform/install or https://opentofu.org/docs/intro/install';

export interface Terraform {
  readonly program: string;
  /** Fails with what it said, explained where that is possible. */
  run(args: readonly string[], options?: { readonly quiet?: boolean }): Promise<string>;
  json(args: readonly string[]): Promise<unknown>;
}

export async function findTerraform(signal: AbortSignal): Promise<Terraform> {
  for (const program of PROGRAMS) {
    const works = await promisify(execFile)(program, ['version'], { timeout: 30_000 }).then(
      () => true,
      () => false,
    );
    if (works) return terraform(program, signal);
  }
  throw new BenchError('usage', HOW_TO_GET);
}

function terraform(program: string, signal: AbortSignal): Terraform {
  const env = { ...process.env, TF_IN_AUTOMATION: '1', TF_INPUT: '0', CHECKPOINT_DISABLE: '1' };
  return {
    program,
    async run(args, { quiet = false } = {}) {
      signal.throwIfAborted();
      const argv = [`-chdir=${STACK_FOLDER}`, ...args, '-no-color'];
      // A group of its own: Ctrl-C is ours to pass on, once, so that it can write its state and end.
      const child = spawn(program, argv, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
      let said = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          said = (said + text).slice(-SAID_CHARS_MAX);
          if (!quiet) process.stdout.write(text);
        });
      }
      const onAbort = () => child.kill('SIGINT');
      signal.addEventListener('abort', onAbort, { once: true });
      const [status] = (await once(child, 'close')) as [number | null];
      signal.removeEventListener('abort', onAbort);
      signal.throwIfAborted();
      if (status === 0) return said;
      throw new BenchError('run', explain(said) ?? `${program} ${args[0]} failed:\n${errorsOf(said)}`);
    },
    async json(args) {
      const argv = [`-chdir=${STACK_FOLDER}`, ...args];
      const { stdout } = await promisify(execFile)(program, argv, { env, maxBuffer: JSON_BYTES_MAX });
      return JSON.parse(stdout);
    },
  };
}

const EXPLANATIONS: readonly (readonly [RegExp, string])[] = [
  [
    /ExpiredToken|RequestExpired|token (included in the request )?is expired|SSO session .*expired|InvalidGrantException/i,
    'the AWS credentials have expired: renew them (aws sso login, or export new ones)',
  ],
  [
    /No valid credential sources|failed to refresh cached credentials, no EC2 IMDS role|NoCredentialProviders|Unable to locate credentials/i,
    'no AWS credentials: export AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  ],
  [
    /InvalidClientTokenId|SignatureDoesNotMatch|AuthFailure|UnrecognizedClientException/i,
    'AWS does not know these credentials: check AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  ],
  [/AWS account ID not allowed/i, 'these are credentials of another account than the one that the rig is in'],
  [/UnauthorizedOperation|AccessDenied/i, 'the credentials may not do this; AWS names the action below'],
  [
    /VcpuLimitExceeded|InstanceLimitExceeded|VpcLimitExceeded|MaxSpotInstanceCountExceeded/i,
    'the account has no quota left for this: use smaller or fewer machines (configs/chain/aws.yaml), or ask AWS for more',
  ],
  [
    /InsufficientInstanceCapacity|Unsupported: .*instance type|not supported in your requested Availability Zone/i,
    'the region has none of these machines now: try again, another type, or another region',
  ],
  [
    /invalid AWS Region|Invalid region|no such host.*amazonaws|invalid provider configuration.*region|Missing Region|must specify a region/i,
    'no region, or none of that name: export AWS_REGION=us-east-1, for example',
  ],
  [/Error acquiring the state lock/i, 'another create or destroy is at work on this state: wait for its end'],
];

/** null: nothing that we know. */
export function explain(said: string): string | null {
  const found = EXPLANATIONS.find(([sign]) => sign.test(said));
  return found === undefined ? null : `${found[1]}\n${errorsOf(said)}`;
}

/** The errors among all it said. */
function errorsOf(said: string): string {
  const lines = said.split('\n').map((line) => line.replace(/^[│╷╵\s]+/, ''));
  const from = lines.findIndex((line) => line.startsWith('Error'));
  return lines
    .slice(Math.max(0, from === -1 ? lines.length - 12 : from))
    .filter((line) => line !== '')
    .slice(0, 12)
    .map((line) => `  ${line}`)
    .join('\n');
}
