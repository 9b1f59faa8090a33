// `npm run synth`: the Terraform JSON that ./create.sh aws would use. Needs no credentials and no network: without
// --allow ssh is open to an address of documentation, and without a key of the user's a placeholder stands for it.
//
//   npm run synth -- [--config FILE] [--key FILE] [--allow CIDR]...

import { userInfo } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { readChainConfig } from '../../bench/chain/chain-config.ts';
import { BenchError, exitStatus } from '../../bench/run-error.ts';
import { STACK_FOLDER, synth } from '../../infra/synth.ts';
import { machinesOf, NOBODY, parseOptions, publicKeyOf } from './request.ts';

const root = join(dirname(import.meta.dirname), '..');
const PLACEHOLDER =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA placeholder';

try {
  const { config, key, allow } = parseOptions(root, process.argv.slice(2));
  const chain = await readChainConfig(config);
  synth({
    run: 'synth',
    owner: userInfo().username,
    expires: new Date(Date.now() + chain.machines.expires),
    region: process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? null,
    account: null,
    allow: allow.length > 0 ? allow : [NOBODY],
    publicKey: key === null ? PLACEHOLDER : publicKeyOf(key),
    network: chain.machines.network ?? null,
    machines: machinesOf(chain),
  });
  process.stdout.write(`${relative(root, join(STACK_FOLDER, 'cdk.tf.json'))}\n`);
} catch (error) {
  if (!(error instanceof BenchError) && !(error instanceof TypeError)) throw error;
  process.stderr.write(`synth: ${error.message}\n`);
  process.exitCode = error instanceof BenchError ? exitStatus(error.code) : 2;
}
