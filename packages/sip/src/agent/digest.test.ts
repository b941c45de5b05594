import { describe, expect, test } from 'vitest';
import { digestResponse, digestSecret, parseDigest, quote, sameDigest } from './digest.ts';
import { answerAgain, answerChallenge, authorizationHeader } from './digest-answer.ts';
import { portableHashes as hashes } from './digest-hashes.ts';

const mufasa = { user: 'Mufasa', realm: 'http-auth@example.org', password: 'Circle of Life' };
const inTheRfc = {
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  method: 'GET',
  uri: '/dir/index.html',
  protection: { qop: 'auth', nc: '00000001', cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' },
};

describe('the arithmetic', () => {
  test('[DA1] the examples of RFC 7616 §3.9.1 come out, for MD5 and for SHA-256', () => {
    const md5 = digestSecret(hashes, 'MD5', mufasa);
    expect(digestResponse(hashes, 'MD5', { secret: md5, ...inTheRfc })).toBe(
      '8ca523f5e9506fed4657c9700eebdbec',
    );
    const sha256 = digestSecret(hashes, 'SHA-256', mufasa);
    expect(digestResponse(hashes, 'SHA-256', { secret: sha256, ...inTheRfc })).toBe(
      '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
    );
  });

  test('[DA1] without qop the answer is that of RFC 2069 (example of RFC 2617 with its password)', () => {
    const secret = digestSecret(hashes, 'MD5', { user: 'a', realm: 'b', password: 'c' });
    const whole = hashes.md5(`${secret}:n:${hashes.md5('REGISTER:sip:x')}`);
    expect(digestResponse(hashes, 'MD5', { secret, nonce: 'n', method: 'REGISTER', uri: 'sip:x' })).toBe(
      whole,
    );
  });
});

describe('the syntax', () => {
  test('[DA2] names in any case, quoted values with escapes, tokens, odd white space', () => {
    const params = parseDigest('digest  Realm="a \\"b\\" \\\\c" ,nonce=abc,\tqop="auth,auth-int"');
    expect([...(params ?? [])]).toEqual([
      ['realm', 'a "b" \\c'],
      ['nonce', 'abc'],
      ['qop', 'auth,auth-int'],
    ]);
  });

  test.each([
    'Basic dXNlcjpwYXNz',
    'Digest',
    'Digest realm',
    'Digest realm="a',
    'Digest realm="a" nonce="b"',
    'Digest realm="a", realm="b"',
    'Digest realm="a",',
    `Digest ${Array.from({ length: 40 }, (_, i) => `p${i}=1`).join(',')}`,
  ])('[DA2] refused as malformed: %s', (value) => {
    expect(parseDigest(value)).toBeUndefined();
  });

  test('[DA2] what is quoted is read back as it was', () => {
    expect(parseDigest(`Digest realm=${quote('a "b" \\c')}`)?.get('realm')).toBe('a "b" \\c');
  });

  test('[DA2] a hostile value of 60,000 characters is refused at once', () => {
    expect(parseDigest(`Digest realm="${'\\'.repeat(60_000)}`)).toBeUndefined();
    expect(parseDigest(`Digest ${'a '.repeat(30_000)}`)).toBeUndefined();
  });

  test('[DA1] digests are compared whole', () => {
    expect(sameDigest('abcd', 'abcd')).toBe(true);
    expect(sameDigest('abcd', 'abce')).toBe(false);
    expect(sameDigest('abcd', 'abc')).toBe(false);
  });
});

describe('the client', () => {
  const account = {
    ...mufasa,
    hashes,
    cnonce: inTheRfc.protection.cnonce,
    method: 'GET',
    uri: '/dir/index.html',
  };
  const offer = (algorithm: string, more = '') =>
    `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="${inTheRfc.nonce}"${more}`;

  test('[DA3] the strongest algorithm that is known is answered, wherever it stands', () => {
    for (const challenges of [
      [offer('MD5'), offer('SHA-256')],
      [offer('SHA-256'), offer('MD5')],
      [offer('SHA-512-256'), offer('MD5'), offer('SHA-256')],
    ]) {
      const answer = answerChallenge(challenges, { ...account, answered: 0 });
      expect(answer.name === 'answer' && parseDigest(answer.value)?.get('response')).toBe(
        '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
      );
    }
  });

  test('[DA3] opaque comes back, nc starts at one and grows with each further request', () => {
    const first = answerChallenge([offer('SHA-256', ', opaque="x y"')], { ...account, answered: 0 });
    if (first.name !== 'answer') throw new Error(first.because);
    expect(parseDigest(first.value)?.get('opaque')).toBe('x y');
    expect(parseDigest(first.value)?.get('nc')).toBe('00000001');
    const second = answerAgain(first.memory, { ...account, cnonce: 'other' });
    expect(parseDigest(second.value)?.get('nc')).toBe('00000002');
    expect(second.memory.nc).toBe(2);
  });

  test('[DA3] a challenge without algorithm and qop is answered in the way of RFC 2069', () => {
    const answer = answerChallenge(['Digest realm="r", nonce="n"'], { ...account, answered: 0 });
    const params = answer.name === 'answer' ? parseDigest(answer.value) : undefined;
    expect(params?.get('response')).toHaveLength(32);
    expect(params?.has('qop') || params?.has('algorithm')).toBe(false);
  });

  test.each([
    ['nothing known', ['Digest realm="r", nonce="n", algorithm=SHA-512-256', 'Basic realm="r"']],
    ['only auth-int', ['Digest realm="r", nonce="n", qop="auth-int"']],
    ['no nonce', ['Digest realm="r"']],
    ['none at all', []],
  ])('[DA3] gives up: %s', (_what, challenges) => {
    expect(answerChallenge(challenges, { ...account, answered: 0 })).toEqual({
      name: 'giveUp',
      because: 'no-usable-challenge',
    });
  });

  test('[DA4] a second challenge means a wrong password unless it says stale, and stale helps once', () => {
    expect(answerChallenge([offer('MD5')], { ...account, answered: 1 })).toMatchObject({
      because: 'wrong-password',
    });
    expect(answerChallenge([offer('MD5', ', stale=TRUE')], { ...account, answered: 1 }).name).toBe('answer');
    expect(answerChallenge([offer('MD5', ', stale=true')], { ...account, answered: 2 })).toMatchObject({
      because: 'stale-again',
    });
  });

  test('[DA3] 401 is answered with Authorization, 407 with Proxy-Authorization', () => {
    expect([authorizationHeader(401), authorizationHeader(407)]).toEqual([
      'Authorization',
      'Proxy-Authorization',
    ]);
  });
});
