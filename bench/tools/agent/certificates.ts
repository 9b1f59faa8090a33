// Certificates for a chain whose links have TLS: one authority a chain, one certificate an instance, made by the same
// command that its users have (`npm run certs`). Nodes are prepared at once, so who comes first makes them for all.

import { execFile } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BenchError } from '../../run-error.ts';

const run = promisify(execFile);
const COMMAND = 'scripts/certs.ts';
const TIMEOUT_MS = 30_000;
/** By directory: one thing after the other. */
const queues = new Map<string, Promise<void>>();

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

/** The files of an instance, made if they are not there. */
export async function certificatesOf(root: string, dir: string, id: string): Promise<TlsFiles> {
  const before = queues.get(dir) ?? Promise.resolve();
  const made = before.then(() => make(root, dir, id));
  const settled = made.catch(() => undefined);
  queues.set(dir, settled);
  await made;
  if (queues.get(dir) === settled) queues.delete(dir);
  return {
    certFile: join(dir, `${id}.crt`),
    keyFile: join(dir, `${id}.key`),
    caFile: join(dir, 'ca.crt'),
  };
}

async function make(root: string, dir: string, id: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  const certs = async (...args: string[]) => {
    try {
      await run(process.execPath, [join(root, COMMAND), ...args, '--dir', dir], { timeout: TIMEOUT_MS });
    } catch (cause) {
      const { stderr = '' } = cause as { stderr?: string };
      throw new BenchError('run', `cannot make certificates in ${dir}: ${stderr.trim() || String(cause)}`, {
        cause,
      });
    }
  };
  if (!(await isThere(join(dir, 'ca.crt')))) await certs('create');
  if (!(await isThere(join(dir, `${id}.crt`)))) await certs('issue', id);
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
