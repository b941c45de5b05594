/** The files of a certificate: what is said when they are no good, and what becomes of those that are renewed. */
import { chmodSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogLine } from '@holdfast/kernel';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { lockedKey, makeCertificate, writeCertificate } from './testing/make-certificate.ts';
import { isNamed, readTlsIdentity, TlsIdentityWatch } from './tls-identity.ts';

const NOW = Date.now();
const HOUR = 3_600_000;
const NAMES = ['127.0.0.1', 'north.example.net'];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-tls-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const good = () => makeCertificate({ names: NAMES });

function because(files: { readonly certificate: string; readonly key: string }): string {
  const read = readTlsIdentity({ ...files, name: '127.0.0.1' }, NOW);
  return read.ok ? '' : read.because;
}

test('[TR2] files that are no good are refused with option, file and remedy', () => {
  const paths = writeCertificate(folder, good());
  expect(because(paths)).toBe('');
  const none = join(folder, 'none.pem');
  expect(because({ ...paths, certificate: none })).toBe(
    `TServer/sip-tls-cert: ${none} cannot be read (ENOENT). Put the certificate there, in PEM, readable for the server.`,
  );
  expect(because({ ...paths, key: folder })).toBe(
    `TServer/sip-tls-cert-key: ${folder} cannot be read (EISDIR). Put the key of the certificate there, in PEM, readable for the server.`,
  );
  expect(because({ ...paths, certificate: paths.key })).toContain('holds no certificate in PEM');
  expect(because({ ...paths, key: paths.certificate })).toContain('holds no private key in PEM');
  writeFileSync(none, 'x'.repeat(1_048_577));
  expect(because({ ...paths, certificate: none })).toContain('has more than 1048576 bytes');
});

test('[TR2] a key of another certificate, one with a passphrase, and a certificate out of its time are refused', () => {
  const made = good();
  const other = good();
  expect(because(writeCertificate(folder, { ...made, key: other.key }))).toMatch(
    /^TServer\/sip-tls-cert-key: .*key\.pem is not the key of the certificate in .*certificate\.pem\. Put/,
  );
  expect(because(writeCertificate(folder, { ...made, key: lockedKey(made.key) }))).toContain(
    'opens without a passphrase',
  );
  const expired = makeCertificate({ names: NAMES, from: NOW - 2 * HOUR, until: NOW - HOUR });
  expect(because(writeCertificate(folder, expired))).toMatch(
    /^TServer\/sip-tls-cert: .* has expired \(.*\)\. Put a renewed certificate there\.$/,
  );
  const early = makeCertificate({ names: NAMES, from: NOW + HOUR });
  expect(because(writeCertificate(folder, early))).toContain('is not valid before');
});

test('[TR2] a certificate names the server by its domain, its address or a SIP URI, and by nothing else (RFC 5922)', () => {
  const identity = (names: readonly string[]) => {
    const read = readTlsIdentity({ ...writeCertificate(folder, makeCertificate({ names })), name: 'x' }, NOW);
    if (!read.ok) throw new Error(read.because);
    return read.identity;
  };
  const one = identity(NAMES);
  expect(isNamed(one, 'north.example.net')).toBe(true);
  expect(isNamed(one, '127.0.0.1')).toBe(true);
  expect(isNamed(one, 'south.example.net')).toBe(false);
  expect(isNamed(one, '127.0.0.2')).toBe(false);
  expect(isNamed(identity(['sip:south.example.net']), 'south.example.net')).toBe(true);
  expect(isNamed(identity(['sip:south.example.net.evil.net']), 'south.example.net')).toBe(false);
});

/** Looks again at once, however short ago the last look was. */
function watched(name = '127.0.0.1') {
  const lines: LogLine[] = [];
  let wall = NOW;
  const files = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem'), name };
  const watch = new TlsIdentityWatch({ files, onLine: (line) => lines.push(line), wall: () => wall });
  const look = () => {
    vi.advanceTimersByTime(1_000);
    return watch.current();
  };
  return {
    watch,
    look,
    lines,
    pass: (ms: number) => (wall += ms),
    said: () => lines.map(({ what }) => what),
  };
}

test('[TR2] what is renewed is taken at the next connection, and what is no good leaves the old one in place', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const { look, said, lines } = watched();
    expect(look()).toBeUndefined();
    expect(look()).toBeUndefined();
    // Said once, however often it is looked for.
    expect(said()).toEqual(['SIP over TLS not offered']);
    writeCertificate(folder, good());
    const first = look();
    expect(first).toBeDefined();
    expect(look()).toBe(first);
    const renewed = good();
    writeCertificate(folder, { ...renewed, key: good().key });
    expect(look()).toBe(first);
    expect(lines.at(-1)).toMatchObject({ level: 'error', what: 'renewed certificate not taken' });
    writeCertificate(folder, renewed);
    const second = look();
    expect(String(second?.cert)).toBe(renewed.certificate);
    expect(second).not.toBe(first);
    rmSync(join(folder, 'key.pem'));
    expect(look()).toBe(second);
    expect(said().slice(1)).toEqual([
      'certificate taken',
      'renewed certificate not taken',
      'renewed certificate taken',
      'renewed certificate not taken',
    ]);
  } finally {
    vi.useRealTimers();
  }
});

test('[TR2] a certificate that expires while it is in use, or names somebody else, is complained of once', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    writeCertificate(folder, makeCertificate({ names: NAMES, until: NOW + HOUR }));
    const { look, said, pass, lines } = watched('south.example.net');
    expect(look()).toBeDefined();
    expect(lines.at(-1)?.because).toContain(
      'and not south.example.net: phones that check it will not connect',
    );
    pass(2 * HOUR);
    expect(look()).toBeDefined();
    look();
    expect(said()).toEqual([
      'certificate taken',
      'certificate does not name the server',
      'certificate expired',
    ]);
  } finally {
    vi.useRealTimers();
  }
});

test('[TR2] the files are looked at once a second, not at each connection', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    writeCertificate(folder, good());
    const { watch, look } = watched();
    const first = look();
    writeCertificate(folder, good());
    utimesSync(join(folder, 'key.pem'), 1, 1);
    chmodSync(join(folder, 'key.pem'), 0o400);
    expect(watch.current()).toBe(first);
    expect(look()).not.toBe(first);
  } finally {
    vi.useRealTimers();
  }
});
