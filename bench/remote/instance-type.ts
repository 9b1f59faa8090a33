// What kind of machine a cloud says that this is. Only machines that call themselves EC2 are asked, by IMDSv2.

import { readFile } from 'node:fs/promises';

const METADATA = 'http://169.254.169.254/latest';
const TIMEOUT_MS = 1000;
const VENDOR = '/sys/class/dmi/id/sys_vendor';

/** null: not EC2, or it does not say. */
export async function instanceType(): Promise<string | null> {
  const vendor = await readFile(VENDOR, 'utf8').catch(() => '');
  if (!vendor.startsWith('Amazon EC2')) return null;
  try {
    const headers = { 'X-aws-ec2-metadata-token-ttl-seconds': '60' };
    const token = await ask(`${METADATA}/api/token`, { method: 'PUT', headers });
    return await ask(`${METADATA}/meta-data/instance-type`, {
      headers: { 'X-aws-ec2-metadata-token': token },
    });
  } catch {
    // The metadata service is switched off for this machine.
    return null;
  }
}

async function ask(url: string, request: RequestInit): Promise<string> {
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return (await response.text()).trim();
}
