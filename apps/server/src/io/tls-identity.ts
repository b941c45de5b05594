/**
 * The certificate by which a SIP Server shows who it is (RFC 3261 §26.3.1, RFC 5922), from two files in PEM. They are read
 * when the transport is opened and looked at again when a connection comes in, once a second at the most: who connects
 * after they were renewed is shown the new certificate, and connections that stand keep theirs. Files that are no good then
 * change nothing but that they are complained of.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import type { LogLine } from '@holdfast/kernel';

export interface TlsFiles {
  /** Absolute paths: the certificate with those that link it to its authority behind it, and its private key. */
  readonly certificate: string;
  readonly key: string;
  /** The name or address by which phones know the server. */
  readonly name: string;
}

export interface TlsIdentity {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly leaf: X509Certificate;
}

export type TlsIdentityRead =
  | { readonly ok: true; readonly identity: TlsIdentity }
  /** Names the option, the file and the remedy. */
  | { readonly ok: false; readonly because: string };

/** RFC 8996 forbids what is below. */
export const TLS_VERSION_MIN = 'TLSv1.2';
/** A chain of certificates has a few kilobytes. */
const FILE_BYTES_MAX = 1_048_576;
/** Between two looks at the files. */
const LOOK_MS = 1_000;
const CERTIFICATE = 'TServer/sip-tls-cert';
const KEY = 'TServer/sip-tls-cert-key';

/** `wall`: ms since 1970. */
export function readTlsIdentity(files: TlsFiles, wall: number): TlsIdentityRead {
  const refuse = (option: string, file: string, text: string): TlsIdentityRead => ({
    ok: false,
    because: `${option}: ${file} ${text}`,
  });
  const cert = bytesOf(files.certificate);
  if (typeof cert === 'string')
    return refuse(
      CERTIFICATE,
      files.certificate,
      `${cert}. Put the certificate there, in PEM, readable for the server.`,
    );
  const key = bytesOf(files.key);
  if (typeof key === 'string')
    return refuse(
      KEY,
      files.key,
      `${key}. Put the key of the certificate there, in PEM, readable for the server.`,
    );
  const leaf = certificateIn(cert);
  if (leaf === undefined)
    return refuse(CERTIFICATE, files.certificate, 'holds no certificate in PEM. Put one there.');
  const privateKey = privateKeyIn(key);
  if (privateKey === undefined)
    return refuse(
      KEY,
      files.key,
      'holds no private key in PEM that opens without a passphrase. Put one there.',
    );
  if (!leaf.checkPrivateKey(privateKey))
    return refuse(
      KEY,
      files.key,
      `is not the key of the certificate in ${files.certificate}. Put the key there with which that was made.`,
    );
  const { validFrom, validTo } = leaf;
  if (Date.parse(validTo) <= wall)
    return refuse(
      CERTIFICATE,
      files.certificate,
      `has expired (${validTo}). Put a renewed certificate there.`,
    );
  if (Date.parse(validFrom) > wall)
    return refuse(
      CERTIFICATE,
      files.certificate,
      `is not valid before ${validFrom}. Put one there that is, or set the clock.`,
    );
  return { ok: true, identity: { cert, key, leaf } };
}

/** RFC 5922 §7.1: a phone that checks looks for the domain or the address by which it knows the server. */
export function isNamed({ leaf }: TlsIdentity, name: string): boolean {
  if (isIP(name) !== 0) return leaf.checkIP(name) !== undefined;
  if (leaf.checkHost(name, { subject: 'default' }) !== undefined) return true;
  const uris = (leaf.subjectAltName ?? '').split(/,\s*/);
  return uris.some((entry) => entry.toLowerCase() === `uri:sip:${name.toLowerCase()}`);
}

/** The bytes, or why there are none. */
function bytesOf(file: string): Buffer | string {
  try {
    if (statSync(file).size > FILE_BYTES_MAX) return `has more than ${FILE_BYTES_MAX} bytes`;
    return readFileSync(file);
  } catch (error) {
    // It is not there, is a folder, or may not be read.
    return `cannot be read (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`;
  }
}

function certificateIn(pem: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    // It is something else.
    return undefined;
  }
}

function privateKeyIn(pem: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    // It is something else, or encrypted.
    return undefined;
  }
}

export interface TlsIdentityWatchOptions {
  readonly files: TlsFiles;
  readonly onLine: (line: LogLine) => void;
  /** ms since 1970. */
  readonly wall?: () => number;
}

export class TlsIdentityWatch {
  readonly #options: TlsIdentityWatchOptions;
  readonly #wall: () => number;
  #identity: TlsIdentity | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** What the files were when they were last read. */
  #stamp = '';
  #saidExpired = false;
  #said = '';

  constructor(options: TlsIdentityWatchOptions) {
    this.#options = options;
    this.#wall = options.wall ?? Date.now;
  }

  /** What a connection of now is shown; another object when the files have been renewed. Undefined: nothing is any good yet. */
  current(): TlsIdentity | undefined {
    const now = performance.now();
    if (now - this.#lookedAt < LOOK_MS) return this.#identity;
    this.#lookedAt = now;
    const stamp = this.#stampOf();
    // A file that could not be used may be so for its time alone.
    if (stamp !== this.#stamp || this.#identity === undefined) this.#read(stamp);
    this.#sayExpired();
    return this.#identity;
  }

  #read(stamp: string): void {
    const { files, onLine } = this.#options;
    this.#stamp = stamp;
    const read = readTlsIdentity(files, this.#wall());
    if (!read.ok) {
      const isKept = this.#identity !== undefined;
      const what = isKept ? 'renewed certificate not taken' : 'SIP over TLS not offered';
      if (read.because !== this.#said) onLine({ level: 'error', what, because: read.because });
      this.#said = read.because;
      return;
    }
    const what = this.#identity === undefined ? 'certificate taken' : 'renewed certificate taken';
    this.#identity = read.identity;
    this.#said = '';
    this.#saidExpired = false;
    const { validTo, subjectAltName = '' } = read.identity.leaf;
    onLine({ level: 'info', what, detail: { file: files.certificate, until: validTo } });
    if (isNamed(read.identity, files.name)) return;
    const because = `${CERTIFICATE}: ${files.certificate} names ${subjectAltName || 'nobody'} and not ${files.name}: phones that check it will not connect. Have one made for that name.`;
    onLine({ level: 'warn', what: 'certificate does not name the server', because });
  }

  /** It is shown all the same: some phones do not look. */
  #sayExpired(): void {
    const { leaf } = this.#identity ?? {};
    if (leaf === undefined || this.#saidExpired || Date.parse(leaf.validTo) > this.#wall()) return;
    this.#saidExpired = true;
    const because = `${CERTIFICATE}: ${this.#options.files.certificate} has expired (${leaf.validTo}): phones that check it do not connect any more. Put a renewed certificate there; the server finds it by itself.`;
    this.#options.onLine({ level: 'error', what: 'certificate expired', because });
  }

  #stampOf(): string {
    const { certificate, key } = this.#options.files;
    return [certificate, key]
      .map((file) => {
        const stat = statSync(file, { throwIfNoEntry: false });
        return stat === undefined ? 'none' : `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
      })
      .join(', ');
  }
}
