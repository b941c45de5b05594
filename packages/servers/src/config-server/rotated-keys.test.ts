import { type Keys, keysObject } from '@holdfast/protocol';
import { describe, expect, it } from 'vitest';
import { ANNOUNCED_MS, type FreshKeys, rotated } from './rotated-keys.ts';

const WALL = 1_790_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LIFE = 12 * HOUR;

const tokenKey = (id: string) => ({ id, publicKey: 'A'.repeat(43), privateKey: 'B'.repeat(43) });
const KEYS = keysObject.parse({
  ...{ objectType: 'Keys', name: 'keys', tokenKeys: [tokenKey('k1')], nonceKeys: ['1'.repeat(32)] },
  serverSecret: 'the first server secret',
});

function after(keys: Keys, fresh: FreshKeys, wall: number, isStolen = false): Keys {
  const rotation = rotated(keys, fresh, { wall, isStolen });
  if (!rotation.ok) throw new Error(rotation.text);
  return keysObject.parse(JSON.parse(JSON.stringify(rotation.keys)));
}

/** As whoever signs chooses. */
const signerAt = ({ tokenKeys }: Keys, wall: number) =>
  tokenKeys.find(({ privateKey, signsFrom = 0 }) => privateKey !== undefined && signsFrom <= wall)?.id;
const verifiersAt = ({ tokenKeys }: Keys, wall: number) =>
  tokenKeys.filter(({ goodUntil = Number.POSITIVE_INFINITY }) => wall < goodUntil).map(({ id }) => id);

describe('[ID5] token keys', () => {
  it('a new one is announced for a minute, then signs; the former verifies while a token of it is good', () => {
    const keys = after(KEYS, { tokenKey: tokenKey('k2') }, WALL);
    const [before, from] = [WALL + ANNOUNCED_MS - 1, WALL + ANNOUNCED_MS];
    expect([signerAt(keys, WALL), signerAt(keys, before), signerAt(keys, from)]).toEqual(['k1', 'k1', 'k2']);
    // The last token of the former one, by a clock that is a minute behind.
    expect(verifiersAt(keys, before + LIFE + MINUTE)).toEqual(['k2', 'k1']);
    expect(verifiersAt(keys, from + LIFE + MINUTE)).toEqual(['k2']);
  });

  it('the next change drops what has lapsed, and what a key would sign with that signs no more', () => {
    const second = after(KEYS, { tokenKey: tokenKey('k2') }, WALL);
    const third = after(second, { tokenKey: tokenKey('k3') }, WALL + HOUR);
    expect(third.tokenKeys.map(({ id, privateKey }) => [id, privateKey !== undefined])).toEqual([
      ['k3', true],
      ['k2', true],
      ['k1', false],
    ]);
    const fourth = after(third, {}, WALL + LIFE + 3 * MINUTE);
    expect(fourth.tokenKeys.map(({ id }) => id)).toEqual(['k3', 'k2']);
  });

  it('two changes in one minute leave nobody without a signer', () => {
    const second = after(KEYS, { tokenKey: tokenKey('k2') }, WALL);
    const third = after(second, { tokenKey: tokenKey('k3') }, WALL + 10_000);
    const signers = [10_000, 59_999, 60_000, 70_000].map((ms) => signerAt(third, WALL + ms));
    expect(signers).toEqual(['k1', 'k1', 'k2', 'k3']);
    expect(verifiersAt(third, WALL + LIFE)).toEqual(['k3', 'k2', 'k1']);
  });

  it('a stolen one counts no more, with all that it has signed', () => {
    const keys = after(
      after(KEYS, { tokenKey: tokenKey('k2') }, WALL),
      { tokenKey: tokenKey('k3') },
      WALL,
      true,
    );
    expect(keys.tokenKeys).toEqual([tokenKey('k3')]);
  });

  it('there are at most eight, and who wants one more learns when', () => {
    let keys = KEYS;
    for (let n = 2; n <= 8; n++) keys = after(keys, { tokenKey: tokenKey(`k${n}`) }, WALL + n * HOUR);
    const rotation = rotated(keys, { tokenKey: tokenKey('k9') }, { wall: WALL + 9 * HOUR, isStolen: false });
    expect(rotation).toMatchObject({ ok: false, text: expect.stringContaining('the first for 302 min') });
    const lapsed = WALL + 2 * HOUR + ANNOUNCED_MS + LIFE + MINUTE;
    expect(after(keys, { tokenKey: tokenKey('k9') }, lapsed).tokenKeys).toHaveLength(8);
  });
});

describe('[ID6] nonce keys and the server secret', () => {
  it('have one former each, which a stolen one leaves not', () => {
    const fresh = { nonceKey: '2'.repeat(32), serverSecret: 'the second server secret' };
    const keys = after(KEYS, fresh, WALL);
    expect(keys).toMatchObject({
      nonceKeys: [fresh.nonceKey, '1'.repeat(32)],
      serverSecret: fresh.serverSecret,
    });
    expect(keys.serverSecretFormer).toBe(KEYS.serverSecret);
    const next = { nonceKey: '3'.repeat(32), serverSecret: 'the third server secret' };
    expect(after(keys, next, WALL)).toMatchObject({
      ...{ nonceKeys: ['3'.repeat(32), '2'.repeat(32)], serverSecretFormer: fresh.serverSecret },
    });
    const stolen = after(keys, next, WALL, true);
    expect(stolen).toMatchObject({ nonceKeys: [next.nonceKey], serverSecret: next.serverSecret });
    expect(stolen.serverSecretFormer).toBeUndefined();
  });

  it('what nobody changes stays as it is', () => {
    expect(after(KEYS, {}, WALL)).toEqual(KEYS);
    expect(after(KEYS, { nonceKey: '2'.repeat(32) }, WALL).serverSecret).toBe(KEYS.serverSecret);
    const changing = { ...KEYS, serverSecretFormer: 'an older server secret' };
    expect(after(changing, { tokenKey: tokenKey('k2') }, WALL)).toMatchObject({
      serverSecretFormer: 'an older server secret',
    });
  });
});
