// The bench's command line, with the lossy tools beside its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';

const root = join(import.meta.dirname, '../../..');

export interface Place {
  readonly dir: string;
  readonly out: string;
  /** Where a tool writes that writes outside its folder. */
  readonly stray: string;
  readonly write: (name: string, text: string) => string;
  readonly bench: (...args: readonly string[]) => Promise<{ readonly code: number; readonly said: string }>;
}

export function place(t: ExecutionContext): Place {
  const dir = mkdtempSync(join(tmpdir(), 'spillway-lossy-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const stray = join(dir, 'stray.txt');
  const env = { ...process.env, SPILLWAY_TOOLS: import.meta.dirname, LOSSY_STRAY: stray };
  return {
    dir,
    out: join(dir, 'out'),
    stray,
    write(name, text) {
      const path = join(dir, name);
      writeFileSync(path, text);
      return path;
    },
    async bench(...args) {
      const child = spawn(process.execPath, [join(root, 'bench/main.ts'), ...args], { env });
      t.teardown(() => child.kill('SIGKILL'));
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (said += String(chunk)));
      const [code] = await once(child, 'close');
      return { code: Number(code), said };
    },
  };
}
