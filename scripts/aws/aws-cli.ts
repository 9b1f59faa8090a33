// The AWS command line, for what Terraform cannot do: find what no state knows.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BenchError } from '../../bench/run-error.ts';
import { explain } from './explain.ts';

const OUTPUT_BYTES_MAX = 64 * 2 ** 20;
const TIMEOUT_MS = 900_000;

export async function ask<T>(argv: readonly string[]): Promise<T> {
  return JSON.parse(await aws(['ec2', ...argv, '--output', 'json'])) as T;
}

/** As the provider sees it; the command line of version 1 knows AWS_DEFAULT_REGION only. */
export async function regionOf(): Promise<string> {
  return exported() ?? (await aws(['configure', 'get', 'region'])).trim();
}

export async function aws(argv: readonly string[]): Promise<string> {
  const region = exported();
  const words = [...(region === null ? [] : ['--region', region]), ...argv];
  try {
    const options = {
      timeout: TIMEOUT_MS,
      maxBuffer: OUTPUT_BYTES_MAX,
      env: { ...process.env, AWS_PAGER: '' },
    };
    return (await promisify(execFile)('aws', words, options)).stdout;
  } catch (cause) {
    const { code, stderr = '' } = cause as { code?: unknown; stderr?: string };
    if (code === 'ENOENT') {
      throw new BenchError('usage', 'the AWS command line (aws) is missing: https://aws.amazon.com/cli', {
        cause,
      });
    }
    throw new BenchError('run', explain(stderr) ?? `aws ${argv.slice(0, 2).join(' ')}: ${stderr.trim()}`, {
      cause,
    });
  }
}

function exported(): string | null {
  return process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION'] || null;
}
