/** Certificates for tests (RFC 5280), each its own authority: whoever trusts one is given the same file. Never kept. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';

export interface CertificateRequest {
  /** Addresses, domains and `sip:` URIs. */
  readonly names: readonly string[];
  /** ms since 1970; from an hour ago until tomorrow unless said. */
  readonly from?: number;
  readonly until?: number;
}

export interface MadeCertificate {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
}

export function makeCertificate({ names, from, until }: CertificateRequest): MadeCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const now = Date.now();
  const name = sequence(set(sequence(oid([0x55, 4, 3]), utf8('holdfast test'))));
  const told = sequence(
    tagged(0xa0, integer(2)),
    integer(now),
    ECDSA_SHA256,
    name,
    sequence(time(from ?? now - 3_600_000), time(until ?? now + 86_400_000)),
    name,
    Buffer.from(publicKey.export({ type: 'spki', format: 'der' })),
    tagged(0xa3, sequence(sequence(oid([0x55, 0x1d, 17]), octets(sequence(...names.map(alternative)))))),
  );
  const signature = sign('sha256', told, privateKey);
  const der = sequence(told, ECDSA_SHA256, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return { certificate: pem('CERTIFICATE', der), key: pemOf(privateKey) };
}

/** Writes both to the folder; the paths. */
export function writeCertificate(folder: string, made: MadeCertificate): MadeCertificate {
  const paths = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') };
  writeFileSync(paths.certificate, made.certificate);
  writeFileSync(paths.key, made.key, { mode: 0o600 });
  return paths;
}

/** The same key, not to be opened without a passphrase. */
export function lockedKey(key: string): string {
  return String(
    createPrivateKey(key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }),
  );
}

function pemOf(key: KeyObject): string {
  return String(key.export({ type: 'pkcs8', format: 'pem' }));
}

function pem(what: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${what}-----\n${lines.join('\n')}\n-----END ${what}-----\n`;
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const long = length > 255 ? [0x82, length >> 8, length & 255] : [0x81, length];
  return Buffer.concat([Buffer.from([tag, ...(length < 128 ? [length] : long)]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function set(...parts: readonly Buffer[]): Buffer {
  return tagged(0x31, Buffer.concat(parts));
}

function oid(bytes: readonly number[]): Buffer {
  return tagged(0x06, Buffer.from(bytes));
}

function octets(content: Buffer): Buffer {
  return tagged(0x04, content);
}

function utf8(text: string): Buffer {
  return tagged(0x0c, Buffer.from(text));
}

function integer(value: number): Buffer {
  const hex = value.toString(16);
  return tagged(0x02, Buffer.from(`0${hex.length % 2 === 0 ? '0' : ''}${hex}`, 'hex'));
}

/** GeneralizedTime, whole seconds. */
function time(ms: number): Buffer {
  return tagged(0x18, Buffer.from(`${new Date(ms).toISOString().replace(/\D/g, '').slice(0, 14)}Z`));
}

function alternative(name: string): Buffer {
  if (isIP(name) === 4) return tagged(0x87, Buffer.from(name.split('.').map(Number)));
  return tagged(name.startsWith('sip:') ? 0x86 : 0x82, Buffer.from(name));
}

/** 1.2.840.10045.4.3.2 */
const ECDSA_SHA256 = sequence(oid([0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]));
