// The files of a replay, with sizes and checksums: the manifest carries them, so that the verifier notices a file
// that changed since the run instead of reporting every event as torn.

import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { SpecError } from './errors.ts';

export interface InputFile {
  readonly file: string;
  readonly bytes: number;
  readonly crc32: number;
}

const CHUNK_BYTES = 1 << 20;

export async function openInputs(files: readonly string[]): Promise<readonly InputFile[]> {
  if (files.length === 0) throw new SpecError('a replay needs at least one file');
  const inputs: InputFile[] = [];
  for (const file of files) inputs.push(await readInput(file));
  if (inputs.every(({ bytes }) => bytes === 0)) {
    throw new SpecError(`nothing to replay, the files are empty: ${files.join(', ')}`);
  }
  return inputs;
}

async function readInput(file: string): Promise<InputFile> {
  try {
    await using handle = await open(file, 'r');
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let bytes = 0;
    let sum = 0;
    for (;;) {
      const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return { file, bytes, crc32: sum };
      bytes += bytesRead;
      sum = crc32(chunk.subarray(0, bytesRead), sum);
    }
  } catch (cause) {
    throw new SpecError(`cannot read the file to replay: ${(cause as Error).message}`, { cause });
  }
}
