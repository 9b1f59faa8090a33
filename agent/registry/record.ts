// What stands in the registry under <prefix>/instances/<id>: one JSON object. Other tools may write such
// records too (the bench does for those it runs), so reading is tolerant of keys it does not know and
// writing says nothing that a reader needs to understand.

import { formatAddress, parseAddress } from '../config/address.ts';
import type { Endpoint, Instance, Self } from './registry.ts';

/** Whose record it is. `owner` outlives a restart of its agent, `session` does not. */
export interface Holder {
  readonly owner: string | undefined;
  readonly session: string | undefined;
  readonly address: string | undefined;
}

export function keyOf(prefix: string, id: string): string {
  return `${instancesPrefix(prefix)}${id}`;
}

export function instancesPrefix(prefix: string): string {
  return `${prefix}/instances/`;
}

export function formatRecord(self: Self, session: string, { draining }: { draining: boolean }): string {
  const { id, address, role, version, owner } = self;
  const place = address === undefined ? {} : { address: formatAddress(address) };
  const drains = draining ? { draining } : {};
  return JSON.stringify({ id, ...place, ...drains, role, tool: 'agent', version, owner, session });
}

/** Who holds the record; a record that is no JSON object is held by nobody we know. */
export function holderOf(value: string): Holder {
  const fields = fieldsOf(value);
  return {
    owner: textOf(fields, 'owner'),
    session: textOf(fields, 'session'),
    address: textOf(fields, 'address'),
  };
}

/** Where the record says the instance is; null where it says nothing that a socket could use. */
export function endpointOf(id: string, value: string): Endpoint | null {
  const fields = fieldsOf(value);
  const address = parseAddress(textOf(fields, 'address') ?? '');
  const session = textOf(fields, 'session');
  return typeof address === 'string' ? null : { id, address, ...(session !== undefined && { session }) };
}

/** The same for a member of a cluster; only `"draining": true` says that it drains. */
export function instanceOf(id: string, value: string): Instance | null {
  const endpoint = endpointOf(id, value);
  return endpoint === null
    ? null
    : { ...endpoint, draining: Reflect.get(fieldsOf(value), 'draining') === true };
}

function fieldsOf(value: string): object {
  try {
    const fields: unknown = JSON.parse(value);
    return typeof fields === 'object' && fields !== null ? fields : {};
  } catch {
    return {}; // somebody else's text: it holds the key, and has no place
  }
}

function textOf(fields: object, key: string): string | undefined {
  const value: unknown = Reflect.get(fields, key);
  return typeof value === 'string' ? value : undefined;
}
