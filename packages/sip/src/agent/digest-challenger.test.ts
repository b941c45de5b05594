import { describe, expect, test } from 'vitest';
import type { SipRequest } from '../message/message.ts';
import { digestResponse, digestSecret, parseDigest } from './digest.ts';
import { answerAgain, answerChallenge } from './digest-answer.ts';
import { Challenger, type DigestVerdict } from './digest-challenger.ts';
import { portableHashes as hashes } from './digest-hashes.ts';
import { makeNonce, nonceMadeAt } from './nonce.ts';
import { NonceMemory } from './nonce-memory.ts';

const realm = 'holdfast';
const WALL = 1_790_000_000_000;
const ada = { user: '7001', password: 'lovelace' };
const secrets = {
  md5: digestSecret(hashes, 'MD5', { ...ada, realm }),
  sha256: digestSecret(hashes, 'SHA-256', { ...ada, realm }),
};

function challenger(more: Partial<ConstructorParameters<typeof Challenger>[0]> = {}): Challenger {
  return new Challenger({
    realm,
    hashes,
    keys: { current: 'k1' },
    maker: 'north',
    credentials: (user) => (user === ada.user ? secrets : undefined),
    ...more,
  });
}

function register(...authorization: string[]): SipRequest {
  const headers = authorization.map((value) => ({ key: 'authorization', name: 'Authorization', value }));
  return { kind: 'request', method: 'REGISTER', uri: 'sip:north', headers, body: new Uint8Array(0) };
}

const account = { ...ada, hashes, cnonce: 'c', method: 'REGISTER', uri: 'sip:north' };

function offersOf(verdict: DigestVerdict): string[] {
  return verdict.name === 'challenge' ? verdict.headers.map(([, value]) => value) : [];
}

function answerTo(verdict: DigestVerdict, who = account) {
  const answer = answerChallenge(offersOf(verdict), { ...who, answered: 0 });
  if (answer.name !== 'answer') throw new Error(answer.because);
  return answer;
}

function isStale(verdict: DigestVerdict): boolean {
  return offersOf(verdict).some((offer) => parseDigest(offer)?.get('stale') === 'true');
}

describe('the challenge', () => {
  test('[C81] SHA-256 is offered first, then MD5, both in one 401', () => {
    const verdict = challenger().check(WALL, register());
    expect(verdict).toMatchObject({ name: 'challenge', status: 401, because: 'no-credentials' });
    expect(offersOf(verdict).map((offer) => parseDigest(offer)?.get('algorithm'))).toEqual([
      'SHA-256',
      'MD5',
    ]);
  });

  test('[C81] MD5 is offered only where it is allowed, and an MD5 answer is then no answer', () => {
    const md5 = answerChallenge([offersOf(challenger().check(WALL, register()))[1] as string], {
      ...account,
      answered: 0,
    });
    const strict = challenger({ algorithms: ['SHA-256'] });
    expect(offersOf(strict.check(WALL, register()))).toHaveLength(1);
    expect(strict.check(WALL, register(md5.name === 'answer' ? md5.value : '')).name).toBe('challenge');
  });

  test('[C81] one sender may be offered less than all others, and an answer in what it was not offered is none', () => {
    const server = challenger();
    const md5Only = server.check(WALL, register(), ['MD5']);
    expect(offersOf(md5Only).map((offer) => parseDigest(offer)?.get('algorithm'))).toEqual(['MD5']);
    const answer = answerTo(md5Only).value;
    expect(server.check(WALL, register(answer), ['SHA-256'])).toMatchObject({
      name: 'challenge',
      because: 'no-credentials',
    });
    expect(server.check(WALL, register(answer), ['MD5'])).toEqual({ name: 'authentic', user: '7001' });
    expect(offersOf(server.check(WALL, register()))).toHaveLength(2);
  });

  test('[PH4] both algorithms are accepted, and the count may grow as long as the nonce lives', () => {
    const server = challenger();
    for (const which of [0, 1]) {
      const offer = offersOf(server.check(WALL, register()))[which] as string;
      let answer = answerChallenge([offer], { ...account, answered: 0 });
      for (let i = 0; i < 3; i++) {
        if (answer.name !== 'answer') throw new Error(answer.because);
        expect(server.check(WALL + 1000 * i, register(answer.value))).toEqual({
          name: 'authentic',
          user: '7001',
        });
        answer = answerAgain(answer.memory, account);
      }
    }
  });

  test('[PH4] a clock with fractions of a millisecond makes nonces that are known again', () => {
    const server = challenger();
    const answer = answerTo(server.check(WALL + 0.73, register()));
    expect(server.check(WALL + 0.73, register(answer.value)).name).toBe('authentic');
  });

  test('[PH4] two challenges of the same millisecond have different nonces', () => {
    const server = challenger();
    const nonces = [1, 2, 3].map(() => offersOf(server.check(WALL, register()))[0]);
    expect(new Set(nonces).size).toBe(3);
  });
});

describe('what is refused', () => {
  test('[PH4] a repeated or lower count is answered with stale=true', () => {
    const server = challenger();
    const first = answerTo(server.check(WALL, register()));
    const second = answerAgain(first.memory, account);
    expect(server.check(WALL, register(second.value)).name).toBe('authentic');
    for (const used of [second, first]) {
      const again = server.check(WALL, register(used.value));
      expect(again).toMatchObject({ name: 'challenge', because: 'repeated-count' });
      expect(isStale(again)).toBe(true);
    }
  });

  test('[PH4] an authentic nonce outside its window, also from the future, is answered with stale=true', () => {
    const server = challenger();
    const answer = answerTo(server.check(WALL, register()));
    for (const wallNow of [WALL - 1, WALL + 60_001]) {
      const verdict = server.check(wallNow, register(answer.value));
      expect(verdict).toMatchObject({ name: 'challenge', because: 'stale-nonce' });
      expect(isStale(verdict)).toBe(true);
    }
    expect(server.check(WALL + 60_000, register(answer.value)).name).toBe('authentic');
  });

  test('[PH4] a forged nonce gets a plain 401', () => {
    const server = challenger();
    const genuine = offersOf(server.check(WALL, register()))[0] as string;
    const forged = [
      genuine.replace(/nonce="(.)/, (_, c: string) => `nonce="${c === 'x' ? 'y' : 'x'}`),
      genuine.replace(/nonce="[^"]*"/, 'nonce="made-up"'),
      genuine.replace(/nonce="[^"]*"/, `nonce="${'a'.repeat(5000)}"`),
      genuine.replace(
        /nonce="([^"]*)"/,
        (_, n: string) => `nonce="${n.slice(0, -1)}${n.endsWith('0') ? '1' : '0'}"`,
      ),
    ];
    for (const offer of forged) {
      const answer = answerChallenge([offer], { ...account, answered: 0 });
      const verdict = server.check(WALL, register(answer.name === 'answer' ? answer.value : ''));
      expect(verdict).toMatchObject({ name: 'challenge', because: 'forged-nonce' });
      expect(isStale(verdict)).toBe(false);
    }
  });

  test('[DA5] an unknown user is answered as a wrong password is, in the same words', () => {
    const words = (who: typeof account) => {
      const server = challenger();
      const verdict = server.check(WALL, register(answerTo(server.check(WALL, register()), who).value));
      expect(verdict).toMatchObject({ name: 'challenge', status: 401, because: 'wrong-answer' });
      return offersOf(verdict);
    };
    expect(words({ ...account, user: '9999' })).toEqual(words({ ...account, password: 'wrong' }));
  });

  test('[DA5] only who knows the password learns that a nonce is stale', () => {
    const server = challenger();
    const wrong = answerTo(server.check(WALL, register()), { ...account, password: 'wrong' });
    expect(isStale(server.check(WALL + 99_000, register(wrong.value)))).toBe(false);
  });

  test('[DA5] an empty secret in the directory admits nobody', () => {
    const server = challenger({ credentials: () => ({}) });
    const answer = answerTo(server.check(WALL, register()));
    expect(server.check(WALL, register(answer.value)).name).toBe('challenge');
    // Neither does the answer that would be right for an empty secret.
    const { nonce } = answer.memory;
    const protection = { qop: 'auth', nc: '00000001', cnonce: 'c' };
    const response = digestResponse(hashes, 'SHA-256', {
      secret: '',
      nonce,
      method: 'REGISTER',
      uri: 'u',
      protection,
    });
    const value = `Digest username="7001", realm="${realm}", nonce="${nonce}", uri="u", response="${response}", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="c"`;
    expect(server.check(WALL, register(value))).toMatchObject({ because: 'wrong-answer' });
  });

  test.each([
    ['not a list', 'Digest realm'],
    ['no response', 'Digest username="7001", realm="holdfast", nonce="n", uri="u"'],
    [
      'qop not offered',
      'Digest username="7001", realm="holdfast", nonce="n", uri="u", response="r", qop=auth-int',
    ],
    [
      'bad nc',
      'Digest username="7001", realm="holdfast", nonce="n", uri="u", response="r", qop=auth, nc=1, cnonce="c"',
    ],
  ])('[DA5] malformed credentials get 400: %s', (_what, value) => {
    expect(challenger().check(WALL, register(value))).toMatchObject({ name: 'malformed', status: 400 });
  });

  test('[DA5] credentials for another realm or scheme are passed over', () => {
    const server = challenger();
    const good = answerTo(server.check(WALL, register())).value;
    expect(server.check(WALL, register('Basic x', 'Digest realm="other"', good)).name).toBe('authentic');
    expect(server.check(WALL, register('Digest realm="other"'))).toMatchObject({ because: 'no-credentials' });
  });
});

describe('two sites and a change of keys', () => {
  test('[C29] a nonce of one site is accepted at the other', () => {
    const answer = answerTo(challenger().check(WALL, register()));
    expect(challenger({ maker: 'south' }).check(WALL + 500, register(answer.value)).name).toBe('authentic');
    expect(challenger({ keys: { current: 'other' } }).check(WALL, register(answer.value)).name).toBe(
      'challenge',
    );
  });

  test('[PH4] the previous key is still known, the one before it is not', () => {
    const server = challenger();
    const answers = [1, 2].map(() => answerTo(server.check(WALL, register())));
    server.setKeys({ current: 'k2', previous: 'k1' });
    expect(server.check(WALL, register(answers[0]?.value as string)).name).toBe('authentic');
    server.setKeys({ current: 'k3', previous: 'k2' });
    expect(server.check(WALL, register(answers[1]?.value as string))).toMatchObject({
      because: 'forged-nonce',
    });
  });

  test('[PH4] a nonce carries its time and is bound to the realm', () => {
    const nonce = makeNonce(hashes, { current: 'k' }, realm, { madeAt: WALL, maker: 'm', number: 3 });
    expect(nonceMadeAt(hashes, { current: 'k' }, realm, nonce)).toBe(WALL);
    expect(nonceMadeAt(hashes, { current: 'k' }, 'other', nonce)).toBeUndefined();
  });
});

describe('the memory of nonces', () => {
  test('[DA6] stays bounded, and forgetting early refuses instead of admitting a replay', () => {
    const memory = new NonceMemory(60_000, 100);
    for (let i = 0; i < 1000; i++) {
      expect(memory.use(WALL + i, `n${i}`, WALL + i, 1)).toBe(true);
      expect(memory.size).toBeLessThanOrEqual(200);
    }
    for (let i = 0; i < 1000; i++) expect(memory.use(WALL + 1000, `n${i}`, WALL + i, 1)).toBe(false);
  });

  test('[DA6] a nonce is remembered for its whole life and forgotten later', () => {
    const memory = new NonceMemory(60_000, 100);
    memory.use(WALL, 'a', WALL, 1);
    for (let at = 1; at <= 60; at++) {
      memory.use(WALL + 1000 * at, `b${at}`, WALL + 1000 * at, 1);
      expect(memory.use(WALL + 1000 * at, 'a', WALL, 1)).toBe(false);
    }
    memory.use(WALL + 130_000, 'c', WALL + 130_000, 1);
    memory.use(WALL + 200_000, 'd', WALL + 200_000, 1);
    expect(memory.madeAt('a')).toBeUndefined();
    expect(memory.size).toBe(2);
  });
});
