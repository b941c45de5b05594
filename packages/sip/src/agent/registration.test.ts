import { randomInteger, seededRandom } from '@holdfast/kernel';
import { describe, expect, test } from 'vitest';
import { initialRegistration, nextRegistrationDeadline, stepRegistration } from './registration.ts';
import {
  REGISTRATION_DEFAULTS,
  type RegistrationEvent,
  type RegistrationFailure,
  type RegistrationOptions,
  type RegistrationScheme,
} from './registration-types.ts';

/** What a target does with a REGISTER: grants 60 s, fails so, or does not answer. */
type Answer = 'ok' | 'silent' | RegistrationFailure;

/** A phone and its targets on one time line: answers come after 10 ms, deadlines when they are due. */
class Bench {
  readonly log: string[] = [];
  sites: Answer[];
  readonly #surroundings;
  #state;
  #queue: { at: number; event: RegistrationEvent }[] = [];
  now = 0;

  constructor(
    scheme: RegistrationScheme,
    sites: Answer[],
    more: Partial<RegistrationOptions> = {},
    seed = 1,
  ) {
    this.sites = sites;
    const options = { ...REGISTRATION_DEFAULTS, moveJitterMs: 0, scheme, targets: sites.length, ...more };
    this.#surroundings = { options, random: seededRandom(seed) };
    this.#state = initialRegistration(options);
    this.tell({ type: 'start' });
  }

  get state() {
    return this.#state;
  }

  get registeredAt(): number[] {
    return [...this.#state.lines.entries()]
      .filter(([, line]) => line.name === 'registered' || line.name === 'refreshing')
      .map(([target]) => target);
  }

  get deadline(): number | undefined {
    return nextRegistrationDeadline(this.#state);
  }

  tell(event: RegistrationEvent): void {
    const { state, effects } = stepRegistration(this.#state, event, this.now, this.#surroundings);
    this.#state = state;
    for (const effect of effects) {
      if (effect.type === 'stopped') {
        this.log.push(`${this.now} stopped`);
        continue;
      }
      this.log.push(`${this.now} ${effect.type} ${effect.target}`);
      if (effect.type === 'register' || effect.type === 'unregister') this.#ask(effect);
    }
  }

  #ask({ type, target, attempt }: { type: string; target: number; attempt: number }): void {
    const answer = this.sites[target] ?? 'silent';
    if (answer === 'silent') return;
    const event: RegistrationEvent =
      answer === 'ok'
        ? { type: 'succeeded', target, attempt, expiresMs: type === 'register' ? 60_000 : 0 }
        : { type: 'failed', target, attempt, failure: answer };
    this.#queue.push({ at: this.now + 10, event });
  }

  run(until: number): this {
    for (let steps = 0; ; steps++) {
      if (steps > 100_000) throw new Error('the machine spins');
      const event = this.#queue[0];
      const deadline = this.deadline ?? Number.POSITIVE_INFINITY;
      const at = Math.min(event?.at ?? Number.POSITIVE_INFINITY, deadline);
      if (at > until) break;
      this.now = Math.max(this.now, at);
      if (event !== undefined && event.at <= deadline) this.tell((this.#queue.shift() as typeof event).event);
      else this.tell({ type: 'time' });
    }
    this.now = until;
    return this;
  }

  /** What happened since the last call, without the instants. */
  news(): string[] {
    return this.log.splice(0).map((line) => line.replace(/^\S+ /, ''));
  }
}

const unavailable = (retryAfterMs?: number): RegistrationFailure => ({
  kind: 'unavailable',
  status: 503,
  ...(retryAfterMs !== undefined && { retryAfterMs }),
});

describe('the schemes', () => {
  test('[PH1] dual: one registration at each site, and one that fails does not touch the other', () => {
    const phone = new Bench('dual', ['ok', 'ok']).run(1000);
    expect(phone.registeredAt).toEqual([0, 1]);
    phone.sites[0] = 'silent';
    phone.run(120_000);
    expect(phone.registeredAt).toEqual([1]);
    expect(phone.log.filter((line) => / (lost|unregister) 1/.test(line))).toEqual([]);
    phone.sites[0] = 'ok';
    phone.run(140_000);
    expect(phone.registeredAt).toEqual([0, 1]);
  });

  test('[PH1] active-backup: the second only while the first does not answer, and back when it does', () => {
    const phone = new Bench('active-backup', ['ok', 'ok']).run(1000);
    expect(phone.registeredAt).toEqual([0]);
    phone.sites[0] = 'silent';
    phone.run(65_000);
    expect(phone.registeredAt).toEqual([1]);
    phone.sites[0] = 'ok';
    phone.log.length = 0;
    phone.run(65_000 + 4_000 + 12_500 + 100);
    expect(phone.registeredAt).toEqual([0]);
    expect(phone.news().slice(-4)).toEqual(['register 0', 'registered 0', 'lost 1', 'unregister 1']);
  });

  test('[PH14] active-backup: tries a first place that comes and goes less often each time, until one return lasts', () => {
    const phone = new Bench('active-backup', ['ok', 'ok']).run(1000);
    const { returnEveryMs } = REGISTRATION_DEFAULTS;
    /** Lost, and at the second; there again: how long until the phone is back, in periods. */
    const waits = (lastsMs: number) => {
      phone.run(phone.now + lastsMs);
      phone.sites = ['silent', 'ok'];
      phone.run(phone.now + 70_000);
      expect(phone.registeredAt).toEqual([1]);
      phone.sites = ['ok', 'ok'];
      const since = phone.now;
      while (phone.registeredAt[0] !== 0) phone.run(phone.now + 1_000);
      return (phone.now - since) / returnEveryMs;
    };
    // Never more than five quarters of a period, and the attempt that was under way.
    expect(waits(0)).toBeLessThan(2);
    const flapping = Array.from({ length: 8 }, () => waits(1_000));
    expect(Math.max(...flapping)).toBeGreaterThan(3);
    expect(Math.max(...flapping)).toBeLessThan(8 * 1.25 + 1);
    expect(waits(31 * returnEveryMs)).toBeLessThan(2);
  });

  test('[PH1] single: one registration at the first live target, moved when it stops answering', () => {
    const phone = new Bench('single', ['silent', 'ok', 'ok']).run(5000);
    expect(phone.news()).toEqual(['register 0', 'attemptFailed 0', 'register 1', 'registered 1']);
    expect(phone.registeredAt).toEqual([1]);
    phone.sites[1] = 'silent';
    phone.run(70_000);
    expect(phone.registeredAt).toEqual([2]);
  });

  test('[PH1] fixed: only ever the one address, whatever happens to it', () => {
    const phone = new Bench('fixed', ['ok', 'ok']).run(1000);
    phone.sites[0] = 'silent';
    phone.run(300_000);
    expect(phone.registeredAt).toEqual([]);
    expect(phone.log.some((line) => line.endsWith(' 1'))).toBe(false);
    phone.sites[0] = 'ok';
    phone.run(320_000);
    expect(phone.registeredAt).toEqual([0]);
  });
});

describe('an attempt', () => {
  test('[PH2] ends after four seconds without an answer, not after Timer F', () => {
    const phone = new Bench('single', ['silent', 'ok']).run(6000);
    expect(phone.log).toEqual([
      '0 register 0',
      '4000 attemptFailed 0',
      '4000 register 1',
      '4010 registered 1',
    ]);
  });

  test('[PH2] has its limit from the options', () => {
    const phone = new Bench('single', ['silent', 'ok'], { attemptMs: 700 }).run(6000);
    expect(phone.log[1]).toBe('700 attemptFailed 0');
  });

  test('[PH2] of an answer that comes too late the binding is kept when nothing better is there', () => {
    const phone = new Bench('dual', ['silent']).run(4500);
    phone.tell({ type: 'succeeded', target: 0, attempt: 1, expiresMs: 60_000 });
    expect(phone.registeredAt).toEqual([0]);
  });

  test('[PH2] … and taken back when the phone is registered elsewhere or stopped', () => {
    const phone = new Bench('single', ['silent', 'ok', 'ok']).run(4500);
    phone.sites[0] = 'ok';
    phone.tell({ type: 'succeeded', target: 2, attempt: 99, expiresMs: 60_000 });
    expect(phone.news().slice(-3)).toEqual(['registered 2', 'lost 2', 'unregister 2']);
    phone.run(5000).tell({ type: 'stop' });
    phone.run(6000).news();
    phone.tell({ type: 'succeeded', target: 0, attempt: 1, expiresMs: 60_000 });
    phone.run(7000);
    expect(phone.news()).toEqual(['unregister 0', 'stopped']);
  });

  test('[PH5] is repeated between half and nine tenths of the time granted', () => {
    const waits = Array.from({ length: 200 }, (_, seed) => {
      const phone = new Bench('fixed', ['ok'], {}, seed).run(100);
      return ((phone.deadline ?? 0) - 10) / 60_000;
    });
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0.5);
    expect(Math.max(...waits)).toBeLessThanOrEqual(0.9);
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(0.3);
  });
});

describe('the order of the search', () => {
  test('[PH1] a first target that has just failed is not asked again before the second', () => {
    const phone = new Bench('active-backup', ['ok', 'ok']).run(1000);
    phone.sites[0] = 'silent';
    phone.news();
    phone.run(60_000);
    expect(phone.news().slice(0, 5)).toEqual([
      'register 0',
      'attemptFailed 0',
      'lost 0',
      'register 1',
      'registered 1',
    ]);
  });

  test('[PH6] the late answer to an un-REGISTER that was given up is no registration', () => {
    const phone = new Bench('fixed', ['ok']).run(1000);
    phone.sites[0] = 'silent';
    phone.tell({ type: 'stop' });
    phone.run(6000).news();
    phone.tell({ type: 'succeeded', target: 0, attempt: 2, expiresMs: 0 });
    expect([phone.news(), phone.registeredAt, phone.state.phase]).toEqual([[], [], 'stopped']);
  });
});

describe('what the field has seen', () => {
  test('[C21] all down, then one fallback comes back: the phone registers there', () => {
    for (const scheme of ['single', 'active-backup', 'dual'] as const) {
      const phone = new Bench(scheme, ['ok', 'ok', 'ok']).run(1000);
      phone.sites.fill('silent');
      phone.run(600_000);
      expect(phone.registeredAt).toEqual([]);
      phone.sites[2] = 'ok';
      phone.run(630_000);
      expect(phone.registeredAt).toEqual([2]);
    }
  });

  test('[D1] both sites down, the peer returns first: the phone does not believe in its old registration', () => {
    const phone = new Bench('active-backup', ['ok', 'ok']).run(1000);
    phone.sites.fill('silent');
    phone.run(200_000);
    phone.sites[1] = 'ok';
    phone.run(225_000);
    expect(phone.registeredAt).toEqual([1]);
  });

  test.each(['single', 'active-backup'] as const)(
    '[D2] %s goes back to its first target by itself',
    (scheme) => {
      const phone = new Bench(scheme, ['silent', 'ok']).run(10_000);
      expect(phone.registeredAt).toEqual([1]);
      phone.sites[0] = 'ok';
      phone.run(10_000 + 60_000);
      expect(phone.registeredAt).toEqual([0]);
    },
  );

  test('[D4] down, up and down again inside one attempt leaves nothing hanging', () => {
    const phone = new Bench('active-backup', ['ok', 'ok']).run(1000);
    for (let i = 0; i < 40; i++) {
      phone.sites[0] = i % 2 === 0 ? 'silent' : 'ok';
      phone.sites[1] = i % 3 === 0 ? 'silent' : 'ok';
      phone.run(phone.now + 1500);
    }
    phone.sites.fill('ok');
    phone.run(phone.now + 60_000);
    expect(phone.registeredAt).toEqual([0]);
  });

  test('[D6] after a long stay at the second target the first is still tried', () => {
    const phone = new Bench('active-backup', ['silent', 'ok']).run(8 * 3_600_000);
    phone.sites[0] = 'ok';
    phone.run(phone.now + 20_000);
    expect(phone.registeredAt).toEqual([0]);
  });

  test('[C16] a refusal (403) is not asked again at once, and an ordered phone goes on to the next', () => {
    const refused: RegistrationFailure = { kind: 'refused', status: 403 };
    const phone = new Bench('dual', [refused]).run(300_000);
    const asked = phone.log.filter((line) => line.endsWith('register 0'));
    expect(asked.length).toBeLessThanOrEqual(11);
    expect(asked.length).toBeGreaterThan(5);
    expect(new Bench('single', [refused, 'ok']).run(1000).registeredAt).toEqual([1]);
  });

  test('[C31] Retry-After is kept, with some spread, and not believed beyond five minutes', () => {
    const instants = (retryAfterMs: number) => {
      const phone = new Bench('fixed', [unavailable(retryAfterMs)]).run(400_000);
      return phone.log.filter((line) => line.endsWith('register 0')).map((line) => Number.parseInt(line, 10));
    };
    const [first = 0, second = 0, third = 0] = instants(20_000);
    expect(second - first).toBeGreaterThanOrEqual(20_000);
    expect(third - second).toBeLessThanOrEqual(24_010);
    expect(instants(999_999_999)).toHaveLength(2);
  });

  test('[C31] 503 with Retry-After moves an ordered phone at once, and it does not ask there before that time', () => {
    const phone = new Bench('active-backup', ['ok', 'ok']).run(1000);
    phone.sites[0] = unavailable(120_000);
    phone.log.length = 0;
    phone.run(60_000);
    expect(phone.registeredAt).toEqual([1]);
    const left = phone.log.findIndex((line) => line.endsWith('lost 0'));
    expect(phone.log.slice(left + 1).some((line) => line.endsWith('register 0'))).toBe(false);
    phone.sites[0] = 'ok';
    phone.run(250_000);
    expect(phone.registeredAt).toEqual([0]);
  });

  test('[D42] the waits of two phones differ, also the first, and grow to a cap', () => {
    const waits = (seed: number) => {
      const phone = new Bench('fixed', [unavailable()], { moveJitterMs: 200 }, seed).run(300_000);
      const at = phone.log
        .filter((line) => line.endsWith('register 0'))
        .map((line) => Number.parseInt(line, 10));
      return at.map((instant, i) => instant - (at[i - 1] ?? 0));
    };
    const [one, other] = [waits(1), waits(2)];
    expect(one[0]).not.toBe(other[0]);
    expect(one[1]).not.toBe(other[1]);
    expect(Math.max(...one)).toBeLessThanOrEqual(15_010);
    expect(Math.max(...one)).toBeGreaterThan(7_500);
  });
});

test('[PH6] stop takes every binding back and then says so; start begins anew', () => {
  const phone = new Bench('dual', ['ok', 'silent', 'ok']).run(1000);
  phone.news();
  phone.tell({ type: 'stop' });
  phone.run(2000);
  expect(phone.news()).toEqual(['lost 0', 'unregister 0', 'lost 2', 'unregister 2', 'stopped']);
  expect(phone.deadline).toBeUndefined();
  phone.tell({ type: 'start' });
  expect(phone.run(3000).registeredAt).toEqual([0, 2]);
});

test('[PH6] a stop whose un-REGISTER is not answered ends all the same', () => {
  const phone = new Bench('fixed', ['ok']).run(1000);
  phone.sites[0] = 'silent';
  phone.tell({ type: 'stop' });
  expect(phone.run(6000).state.phase).toBe('stopped');
});

test('[PH7] a lost connection is told at once and registered anew', () => {
  const phone = new Bench('active-backup', ['ok', 'ok']).run(1000);
  phone.news();
  phone.sites[0] = { kind: 'unreachable' };
  phone.tell({ type: 'flowLost', target: 0 });
  phone.run(1100);
  expect(phone.news()).toEqual(['lost 0', 'register 0', 'attemptFailed 0', 'register 1', 'registered 1']);
  phone.tell({ type: 'flowLost', target: 0 });
  expect(phone.news()).toEqual([]);
});

test('[PH8] whatever happens in whatever order, a running phone always has something to wait for', () => {
  const schemes: RegistrationScheme[] = ['single', 'dual', 'active-backup', 'fixed'];
  for (let seed = 0; seed < 200; seed++) {
    const random = seededRandom(seed);
    const answers: Answer[] = [
      'ok',
      'silent',
      unavailable(),
      unavailable(9000),
      { kind: 'refused', status: 403 },
    ];
    const any = () => answers[randomInteger(random, 0, answers.length - 1)] as Answer;
    const scheme = schemes[seed % 4] as RegistrationScheme;
    const phone = new Bench(scheme, [any(), any(), any()], {}, seed);
    for (let i = 0; i < 60; i++) {
      phone.run(phone.now + randomInteger(random, 0, 8000));
      phone.sites[randomInteger(random, 0, 2)] = any();
      const target = randomInteger(random, 0, 3);
      const attempt = randomInteger(random, 1, phone.state.attempts);
      const strange: RegistrationEvent[] = [
        { type: 'time' },
        { type: 'refresh' },
        { type: 'start' },
        { type: 'flowLost', target },
        { type: 'succeeded', target, attempt, expiresMs: 30_000 },
        { type: 'failed', target, attempt, failure: { kind: 'unreachable' } },
      ];
      phone.tell(strange[randomInteger(random, 0, strange.length - 1)] as RegistrationEvent);
      expect(phone.deadline, `seed ${seed}`).toBeDefined();
    }
    phone.sites.fill('ok');
    phone.run(phone.now + 120_000);
    expect(phone.registeredAt, `seed ${seed}`).toEqual(scheme === 'dual' ? [0, 1, 2] : [0]);
  }
});
