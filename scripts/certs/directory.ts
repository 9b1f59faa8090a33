// A directory with one authority and the certificates it issued: ca.crt, ca.key, and NAME.crt, NAME.key for each name.
// Keys are readable by their owner only, files are replaced whole, and the authority is never replaced at all.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeSystemError } from '../../agent/errors.ts';
import { createAuthority, type Issued, issue } from './authority.ts';

/** Something that the user can put right. */
export class CertsError extends Error {}

export type Listed =
  | {
      readonly name: string;
      readonly addresses: readonly string[];
      readonly notAfter: Date;
      /** What is not as it should be. */
      readonly remarks: readonly string[];
    }
  | { readonly name: string; readonly fault: string };

type Ending = 'crt' | 'key';

export const AUTHORITY = 'ca';
const DAY_MS = 86_400_000;
const BY_OTHERS = 0o077;

export class CertsDirectory {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  isAuthority(name: string): boolean {
    return name === AUTHORITY;
  }

  /** Of every certificate but the authority's. */
  names(): string[] {
    return this.#files()
      .filter((file) => file.endsWith('.crt'))
      .map((file) => file.slice(0, -'.crt'.length))
      .filter((name) => name !== AUTHORITY)
      .sort();
  }

  async create(name: string, days: number): Promise<string> {
    attempt(`cannot make the directory ${this.#dir}`, () =>
      mkdirSync(this.#dir, { recursive: true, mode: 0o700 }),
    );
    this.#refuseAuthority();
    const { certificate, key } = await createAuthority(name, days);
    const keyFile = this.#file(AUTHORITY, 'key');
    this.#writeNew(AUTHORITY, 'key', key, 0o600);
    try {
      this.#writeNew(AUTHORITY, 'crt', certificate, 0o644);
    } catch (error) {
      rmSync(keyFile, { force: true });
      throw error;
    }
    return keyFile;
  }

  /** @throws CertsError where one of the names has a file already: what is there is not replaced. */
  checkNew(names: readonly string[]): void {
    const files = this.#files();
    for (const name of names) {
      if (files.includes(`${name}.crt`))
        throw new CertsError(`${this.#file(name, 'crt')} exists already: certs renew ${name} replaces it`);
      if (files.includes(`${name}.key`)) {
        const key = this.#file(name, 'key');
        throw new CertsError(`${key} exists already, without its certificate: move it away first`);
      }
    }
  }

  /** @throws CertsError where one of the names has no certificate that can be renewed. */
  checkKnown(names: readonly string[]): void {
    const known = this.names();
    const unknown = names.find((name) => !known.includes(name));
    if (unknown !== undefined) {
      const all = known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`;
      throw new CertsError(
        `there is no ${this.#file(unknown, 'crt')} to renew (${all}): certs issue ${unknown} makes a first one`,
      );
    }
    for (const name of names) {
      if (!this.#parse(name).ca) continue;
      const file = this.#file(name, 'crt');
      throw new CertsError(`${file} is the certificate of an authority: create another with another --dir`);
    }
  }

  /** Those of instances; what lies there of other authorities is nobody's to replace. */
  renewable(): string[] {
    return this.names().filter((name) => !this.#parse(name).ca);
  }

  /** Files of a new name. */
  async issue(name: string, addresses: readonly string[], days: number): Promise<string> {
    this.checkNew([name]);
    return await this.#write(name, addresses, days);
  }

  /** A new certificate with a new key, for the same name and addresses. */
  async renew(name: string, days: number): Promise<string> {
    this.checkKnown([name]);
    return await this.#write(name, addressesOf(this.#parse(name), name), days);
  }

  /** Every certificate, that of the authority first. */
  list(): Listed[] {
    const others = this.names();
    const hasAuthority = this.#files().includes(`${AUTHORITY}.crt`);
    return [...(hasAuthority ? [AUTHORITY] : []), ...others].map((name) => this.#listed(name));
  }

  #listed(name: string): Listed {
    try {
      const certificate = this.#parse(name);
      const notAfter = new Date(certificate.validTo);
      return { name, addresses: addressesOf(certificate, name), notAfter, remarks: this.#remarksOn(name) };
    } catch (error) {
      if (error instanceof CertsError) return { name, fault: error.message };
      throw error;
    }
  }

  #remarksOn(name: string): string[] {
    const key = this.#file(name, 'key');
    const facts = statSync(key, { throwIfNoEntry: false });
    // the key of the authority is best kept elsewhere
    if (facts === undefined) return name === AUTHORITY ? [] : [`${key} IS MISSING`];
    return (facts.mode & BY_OTHERS) === 0 ? [] : [`${key} CAN BE READ BY OTHERS: chmod 600 it`];
  }

  async #write(name: string, addresses: readonly string[], days: number): Promise<string> {
    const authority = this.#authority();
    const ends = new Date(this.#parse(AUTHORITY).validTo).getTime();
    if (Date.now() + days * DAY_MS > ends) {
      throw new CertsError(
        `the authority in ${this.#dir} ends at ${new Date(ends).toISOString()}, before ${days} days are over: use fewer --days, or create a new authority elsewhere`,
      );
    }
    const { certificate, key } = await issue(authority, { name, addresses }, days);
    this.#replace(name, 'key', key, 0o600);
    this.#replace(name, 'crt', certificate, 0o644);
    return this.#file(name, 'crt');
  }

  #refuseAuthority(): void {
    const files = this.#files();
    const [hasKey, hasCertificate] = (['key', 'crt'] as const).map((ending) =>
      files.includes(`${AUTHORITY}.${ending}`),
    );
    if (!hasKey && !hasCertificate) return;
    const which =
      hasKey === hasCertificate
        ? ''
        : `, of which ${this.#file(AUTHORITY, hasKey ? 'crt' : 'key')} is missing: put it back`;
    throw new CertsError(
      `there is an authority in ${this.#dir} already and it is never overwritten${which}: issue from it, or choose another --dir`,
    );
  }

  #authority(): Issued {
    const read = (ending: Ending) => {
      const file = this.#file(AUTHORITY, ending);
      try {
        return readFileSync(file, 'utf8');
      } catch (error) {
        const remedy = this.#files().some((name) => name.startsWith(`${AUTHORITY}.`))
          ? 'put it back, or create a new authority with another --dir'
          : 'certs create makes an authority';
        throw new CertsError(`cannot read ${file} (${describeSystemError(error)}): ${remedy}`);
      }
    };
    const issued = { certificate: read('crt'), key: read('key') };
    const certificate = this.#parse(AUTHORITY);
    const key = attempt(`there is no private key in ${this.#file(AUTHORITY, 'key')}`, () =>
      createPrivateKey(issued.key),
    );
    if (certificate.checkPrivateKey(key)) return issued;
    const files = (['key', 'crt'] as const).map((ending) => this.#file(AUTHORITY, ending));
    throw new CertsError(`${files.join(' is not the key of ')}: what it signs nobody would believe`);
  }

  #writeNew(name: string, ending: Ending, text: string, mode: number): void {
    const file = this.#file(name, ending);
    attempt(`cannot write ${file}`, () => writeFileSync(file, text, { mode, flag: 'wx' }));
  }

  /** At no moment is there half a file, nor a key that others may read. */
  #replace(name: string, ending: Ending, text: string, mode: number): void {
    const file = this.#file(name, ending);
    const temporary = `${file}.${process.pid}.tmp`;
    try {
      attempt(`cannot write ${file}`, () => {
        writeFileSync(temporary, text, { mode, flag: 'wx' });
        renameSync(temporary, file);
      });
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  #parse(name: string): X509Certificate {
    const file = this.#file(name, 'crt');
    const bytes = attempt(`cannot read ${file}`, () => readFileSync(file));
    try {
      return new X509Certificate(bytes);
    } catch {
      throw new CertsError(`there is no certificate in ${file}`);
    }
  }

  #files(): string[] {
    try {
      return readdirSync(this.#dir);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
        throw new CertsError(`cannot read the directory ${this.#dir}: ${describeSystemError(error)}`);
      throw new CertsError(`there is no directory ${this.#dir}: certs create makes it`);
    }
  }

  #file(name: string, ending: Ending): string {
    return join(this.#dir, `${name}.${ending}`);
  }
}

function addressesOf({ subjectAltName = '' }: X509Certificate, name: string): string[] {
  return subjectAltName
    .split(', ')
    .map((entry) => entry.replace(/^(DNS|IP Address):/, ''))
    .filter((address) => address !== '' && address !== name);
}

/** @throws CertsError that says what was tried, and why it failed */
function attempt<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new CertsError(`${what}: ${describeSystemError(error)}`);
  }
}
