// A directory with one authority and the certificates it issued: ca.crt, ca.key, and NAME.crt, NAME.key for each name.
// Keys are readable by their owner only, files are replaced whole, and the authority is never replaced at all.

import { X509Certificate } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority, type Issued, issue } from './authority.ts';

/** Something that the user can put right. */
export class CertsError extends Error {}

export interface Listed {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly notAfter: Date;
}

export const AUTHORITY = 'ca';

export class CertsDirectory {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async create(name: string, days: number): Promise<string> {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    if (this.#names().some((file) => file === `${AUTHORITY}.key` || file === `${AUTHORITY}.crt`)) {
      throw new CertsError(
        `there is an authority in ${this.#dir} already and it is never overwritten: issue from it, or choose another --dir`,
      );
    }
    const { certificate, key } = await createAuthority(name, days);
    const keyFile = this.#file(AUTHORITY, 'key');
    writeFileSync(keyFile, key, { mode: 0o600, flag: 'wx' });
    writeFileSync(this.#file(AUTHORITY, 'crt'), certificate, { flag: 'wx' });
    return keyFile;
  }

  /** @throws CertsError where one of the names has a certificate: what is there is not replaced. */
  checkNew(names: readonly string[]): void {
    const there = names.find((name) => this.#names().includes(`${name}.crt`));
    if (there === undefined) return;
    throw new CertsError(`${this.#file(there, 'crt')} exists already: certs renew ${there} replaces it`);
  }

  /** Files of a new name. */
  async issue(name: string, addresses: readonly string[], days: number): Promise<string> {
    this.checkNew([name]);
    return await this.#write(name, addresses, days);
  }

  /** A new certificate with a new key, for the same name and addresses. */
  async renew(name: string, days: number): Promise<string> {
    const known = this.list().find((listed) => listed.name === name);
    if (known === undefined) {
      throw new CertsError(
        `there is no ${this.#file(name, 'crt')} to renew: certs issue ${name} makes a first one`,
      );
    }
    return await this.#write(name, known.addresses, days);
  }

  /** Every certificate, that of the authority first. */
  list(): Listed[] {
    const names = this.#names().filter((file) => file.endsWith('.crt'));
    return names
      .map((file) => file.slice(0, -'.crt'.length))
      .sort((a, b) => Number(b === AUTHORITY) - Number(a === AUTHORITY) || (a < b ? -1 : 1))
      .map((name) => {
        const certificate = this.#parse(name);
        return { name, addresses: addressesOf(certificate, name), notAfter: new Date(certificate.validTo) };
      });
  }

  async #write(name: string, addresses: readonly string[], days: number): Promise<string> {
    const authority = this.#authority();
    const ends = new Date(this.#parse(AUTHORITY).validTo).getTime();
    if (Date.now() + days * 86_400_000 > ends) {
      throw new CertsError(
        `the authority in ${this.#dir} ends at ${new Date(ends).toISOString()}, before ${days} days are over: use fewer --days, or create a new authority elsewhere`,
      );
    }
    const { certificate, key } = await issue(authority, { name, addresses }, days);
    this.#replace(name, 'key', key, 0o600);
    this.#replace(name, 'crt', certificate, 0o644);
    return this.#file(name, 'crt');
  }

  #authority(): Issued {
    const read = (ending: 'crt' | 'key') => {
      try {
        return readFileSync(this.#file(AUTHORITY, ending), 'utf8');
      } catch (error) {
        throw new CertsError(
          `cannot read ${this.#file(AUTHORITY, ending)} (${codeOf(error)}): certs create makes an authority`,
        );
      }
    };
    return { certificate: read('crt'), key: read('key') };
  }

  /** At no moment is there half a file, nor a key that others may read. */
  #replace(name: string, ending: 'crt' | 'key', text: string, mode: number): void {
    const file = this.#file(name, ending);
    const temporary = `${file}.${process.pid}.tmp`;
    try {
      writeFileSync(temporary, text, { mode, flag: 'wx' });
      renameSync(temporary, file);
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  #parse(name: string): X509Certificate {
    const file = this.#file(name, 'crt');
    try {
      return new X509Certificate(readFileSync(file));
    } catch (error) {
      throw new CertsError(`cannot read a certificate from ${file}: ${(error as Error).message}`);
    }
  }

  #names(): string[] {
    try {
      return readdirSync(this.#dir);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      throw new CertsError(`there is no directory ${this.#dir}: certs create makes it`);
    }
  }

  #file(name: string, ending: 'crt' | 'key'): string {
    return join(this.#dir, `${name}.${ending}`);
  }
}

function addressesOf({ subjectAltName = '' }: X509Certificate, name: string): string[] {
  return subjectAltName
    .split(', ')
    .map((entry) => entry.replace(/^(DNS|IP Address):/, ''))
    .filter((address) => address !== '' && address !== name);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
