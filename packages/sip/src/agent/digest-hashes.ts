/**
 * MD5 (RFC 1321), SHA-256 (FIPS 180-4) and HMAC (RFC 2104) in plain TypeScript: the `Hashes` port for places that have
 * no synchronous hashes of their own, as a browser (its Web Crypto answers later and knows no MD5). Servers use
 * their platform's, which is ten times as fast.
 */
import { encodeUtf8 } from '@holdfast/kernel';
import type { Hashes } from './digest.ts';

export const portableHashes: Hashes = {
  md5: (text) => hex(md5(encodeUtf8(text))),
  sha256: (text) => hex(sha256(encodeUtf8(text))),
  hmacSha256(key, text) {
    const bytes = encodeUtf8(key);
    const block = new Uint8Array(64);
    block.set(bytes.length > 64 ? sha256(bytes) : bytes);
    const inner = sha256(
      join(
        block.map((byte) => byte ^ 0x36),
        encodeUtf8(text),
      ),
    );
    return hex(
      sha256(
        join(
          block.map((byte) => byte ^ 0x5c),
          inner,
        ),
      ),
    );
  },
};

/** Whole parts of abs(sin(i + 1)) * 2^32. */
const MD5_CONSTANTS = Uint32Array.from({ length: 64 }, (_, i) =>
  Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32),
);
const MD5_SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];

function md5(message: Uint8Array): Uint8Array {
  const { words, view } = padded(message, true);
  let [a0, b0, c0, d0] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let offset = 0; offset < words; offset += 64) {
    let [a, b, c, d] = [a0, b0, c0, d0];
    for (let i = 0; i < 64; i++) {
      const round = i >> 4;
      let mixed: number;
      let word: number;
      if (round === 0) [mixed, word] = [(b & c) | (~b & d), i];
      else if (round === 1) [mixed, word] = [(d & b) | (~d & c), (5 * i + 1) & 15];
      else if (round === 2) [mixed, word] = [b ^ c ^ d, (3 * i + 5) & 15];
      else [mixed, word] = [c ^ (b | ~d), (7 * i) & 15];
      const sum = (a + mixed + (MD5_CONSTANTS[i] as number) + view.getUint32(offset + 4 * word, true)) | 0;
      const shift = MD5_SHIFTS[4 * round + (i & 3)] as number;
      [a, d, c, b] = [d, c, b, (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0];
    }
    [a0, b0, c0, d0] = [(a0 + a) | 0, (b0 + b) | 0, (c0 + c) | 0, (d0 + d) | 0];
  }
  return bytesOf([a0, b0, c0, d0], true);
}

/** Fractions of the cube roots (constants) and the square roots (start) of the first primes. */
const PRIMES = primes(64);
const SHA_CONSTANTS = Int32Array.from(PRIMES, (prime) => (Math.cbrt(prime) % 1) * 2 ** 32);
const SHA_START = Int32Array.from(PRIMES.slice(0, 8), (prime) => (Math.sqrt(prime) % 1) * 2 ** 32);

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime !== 0)) found.push(n);
  return found;
}

function sha256(message: Uint8Array): Uint8Array {
  const { words, view } = padded(message, false);
  const state = Int32Array.from(SHA_START);
  const schedule = new Int32Array(64);
  for (let offset = 0; offset < words; offset += 64) {
    for (let i = 0; i < 16; i++) schedule[i] = view.getInt32(offset + 4 * i, false);
    for (let i = 16; i < 64; i++) {
      const early = schedule[i - 15] as number;
      const late = schedule[i - 2] as number;
      const s0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
      const s1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
      schedule[i] = ((schedule[i - 16] as number) + s0 + (schedule[i - 7] as number) + s1) | 0;
    }
    compress(state, schedule);
  }
  return bytesOf([...state], false);
}

function compress(state: Int32Array, schedule: Int32Array): void {
  let [a, b, c, d, e, f, g, h] = state as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const choice = (e & f) ^ (~e & g);
    const first = (h + s1 + choice + (SHA_CONSTANTS[i] as number) + (schedule[i] as number)) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + s0 + majority) | 0];
  }
  const next = [a, b, c, d, e, f, g, h];
  for (let i = 0; i < 8; i++) state[i] = ((state[i] as number) + (next[i] as number)) | 0;
}

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

/** The message, a one bit, zeros, and its length in bits at the end of a block of 64 bytes. */
function padded(message: Uint8Array, littleEndian: boolean): { words: number; view: DataView } {
  const length = ((message.length + 8) >> 6) * 64 + 64;
  const bytes = new Uint8Array(length);
  bytes.set(message);
  bytes[message.length] = 0x80;
  const view = new DataView(bytes.buffer);
  const low = (message.length * 8) >>> 0;
  const high = Math.floor(message.length / 2 ** 29);
  view.setUint32(length - 8, littleEndian ? low : high, littleEndian);
  view.setUint32(length - 4, littleEndian ? high : low, littleEndian);
  return { words: length, view };
}

function bytesOf(words: readonly number[], littleEndian: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * words.length));
  words.forEach((word, i) => {
    view.setInt32(4 * i, word, littleEndian);
  });
  return new Uint8Array(view.buffer);
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
