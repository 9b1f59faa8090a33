// What the stack is made of: plain data, so that a test can say all of it. Who the caller is, what his key is and which
// machines a chain wants is found out elsewhere (scripts/aws).

export interface MachineSettings {
  /** The node of the chain that it is, or `etcd`. */
  readonly id: string;
  readonly role: 'generator' | 'instance' | 'destination' | 'registry';
  /** c6i.large */
  readonly type: string;
  readonly diskGiB: number;
}

export interface RigSettings {
  /** Tells one rig from another in an account; part of every name and tag. */
  readonly run: string;
  readonly owner: string;
  /** After this instant the machines end themselves. */
  readonly expires: Date;
  /** null: the one that the credentials' profile says. */
  readonly region: string | null;
  /** Only in this account; null: in whichever the credentials are of, which is asked before. */
  readonly account: string | null;
  /** Networks that may use ssh. */
  readonly allow: readonly string[];
  /** One line, as in ~/.ssh/id_ed25519.pub. */
  readonly publicKey: string;
  /** An existing one; null: a VPC of its own. */
  readonly network: { readonly vpc: string; readonly subnet: string } | null;
  readonly machines: readonly MachineSettings[];
}

export const TAG_RUN = 'spillway:run';
export const TAG_OWNER = 'spillway:owner';
export const TAG_EXPIRES = 'spillway:expires';

/** On everything that can be tagged: how what was forgotten is found again. */
export function tagsOf({ run, owner, expires }: RigSettings): Record<string, string> {
  return { [TAG_RUN]: run, [TAG_OWNER]: owner, [TAG_EXPIRES]: expires.toISOString() };
}

/** Graviton's families have a g after the generation: c7g, m6gd, t4g. */
export function architectureOf(type: string): 'x86_64' | 'arm64' {
  return /^[a-z]+\d+g/.test(type) ? 'arm64' : 'x86_64';
}
