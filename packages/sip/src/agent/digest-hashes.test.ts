import { createHash, createHmac } from 'node:crypto';
import { seededRandom } from '@holdfast/kernel';
import { expect, test } from 'vitest';
import { portableHashes } from './digest-hashes.ts';

test('[DA1] the portable hashes equal those of the platform at every length around a block', () => {
  const random = seededRandom(7);
  for (let length = 0; length < 200; length++) {
    let text = '';
    for (let i = 0; i < length; i++) text += String.fromCharCode(32 + Math.floor(random() * 300));
    expect(portableHashes.md5(text)).toBe(createHash('md5').update(text).digest('hex'));
    expect(portableHashes.sha256(text)).toBe(createHash('sha256').update(text).digest('hex'));
    expect(portableHashes.hmacSha256(text, 'x')).toBe(createHmac('sha256', text).update('x').digest('hex'));
  }
});
