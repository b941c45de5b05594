import { describe, expect, it } from 'vitest';
import {
  type Fitness,
  type FitnessEffect,
  type FitnessEvent,
  failingProbes,
  mayYield,
  offerAges,
  type ProbeName,
  startFitness,
  stepFitness,
  unfitness,
} from './fitness.ts';

class Member {
  fitness: Fitness = startFitness({ inARow: 3, holdMs: 60_000, holdMaxMs: 600_000 });
  now = 0;
  readonly told: FitnessEffect[] = [];

  step(event: FitnessEvent): this {
    const { state, effects } = stepFitness(this.fitness, event, this.now);
    this.fitness = state;
    this.told.push(...effects);
    return this;
  }

  probe(probe: ProbeName, results: string): this {
    for (const result of results)
      this.step({ type: 'probed', probe, ok: result === '+', because: 'nothing came back' });
    return this;
  }

  why(): string | undefined {
    return unfitness(this.fitness, this.now)?.text;
  }

  lines(): string[] {
    return this.told.flatMap((effect) => (effect.type === 'log' ? [effect.line.what] : []));
  }
}

describe('[FT1] results in a row, and no single one, change what is believed', () => {
  it('fails three times: unfit, with a line and an alarm, once', () => {
    const member = new Member().probe('call', '--');
    expect(member.why()).toBeUndefined();
    expect(member.told).toEqual([]);
    member.probe('call', '-----');
    expect(member.why()).toBe('call: nothing came back (3 times in a row)');
    expect(failingProbes(member.fitness)).toEqual(['call']);
    expect(member.told).toMatchObject([
      { type: 'log', line: { level: 'error', what: 'unfit', detail: { probe: 'call' } } },
      { type: 'alarm', probe: 'call', isRaised: true },
    ]);
  });

  it('fails every other time: nothing ever changes', () => {
    const member = new Member().probe('register', '--+'.repeat(50));
    expect([member.why(), member.told]).toEqual([undefined, []]);
  });

  it('is fit again after three that pass in a row, and not by one that does now and then', () => {
    const member = new Member().probe('call', '---').probe('call', '++-'.repeat(20));
    expect(member.why()).toContain('call:');
    member.probe('call', '+++');
    expect(member.why()).toBeUndefined();
    expect(member.lines()).toEqual(['unfit', 'fit again']);
    expect(member.told.at(-1)).toMatchObject({ type: 'alarm', isRaised: false });
  });

  it('waits for so many failures more as it is told to', () => {
    const member = new Member();
    for (let i = 0; i < 4; i++)
      member.step({ type: 'probed', probe: 'disk', ok: false, because: 'full', patience: 2 });
    expect(member.why()).toBeUndefined();
    member.step({ type: 'probed', probe: 'disk', ok: false, because: 'full', patience: 2 });
    expect(member.why()).toContain('disk: full (5 times in a row)');
  });

  it('one probe says nothing about another', () => {
    const member = new Member().probe('call', '--').probe('log-in', '--').probe('disk', '-');
    expect(member.why()).toBeUndefined();
    member.probe('disk', '--');
    expect(member.why()).toContain('disk:');
    expect(failingProbes(member.fitness)).toEqual(['disk']);
  });
});

describe('[FT2] who lost the role while unfit stays so for a while, longer each time', () => {
  const holds = (member: Member) => {
    let heldMs = 0;
    const from = member.now;
    while (member.why() !== undefined) {
      member.now += 1_000;
      heldMs = member.now - from;
    }
    return heldMs;
  };

  it('60 s, then twice as long, 10 minutes at the most', () => {
    const member = new Member();
    const heldMs = Array.from({ length: 6 }, () => {
      member.probe('phones', '---').step({ type: 'yielded' }).step({ type: 'roleLost' });
      return holds(member);
    });
    expect(heldMs).toEqual([60_000, 120_000, 240_000, 480_000, 600_000, 600_000]);
  });

  it('what is more than an hour ago counts no more', () => {
    const member = new Member();
    member.probe('phones', '---').step({ type: 'yielded' }).step({ type: 'roleLost' });
    member.now += 3_600_000;
    member.probe('phones', '---').step({ type: 'yielded' }).step({ type: 'roleLost' });
    expect(holds(member)).toBe(60_000);
  });

  it('an offer that is repeated because nobody took it is one', () => {
    const member = new Member().probe('phones', '---');
    for (let i = 0; i < 10; i++) {
      member.step({ type: 'yielded' });
      member.now += 30_000;
    }
    member.step({ type: 'roleLost' });
    expect(holds(member)).toBe(60_000);
  });

  it('who has got the role from an unfit mate keeps it for as long, also when the mate has forgotten everything', () => {
    let former = new Member().probe('phones', '---').step({ type: 'yielded' });
    const keeps: number[] = [];
    for (let i = 0; i < 6; i++) {
      const agesMs = offerAges(former.fitness, former.now);
      // A process of its own, on a clock of its own.
      const next = new Member();
      next.now = 1_000_000 * i;
      next.step({ type: 'offered', agesMs }).probe('phones', '---');
      const from = next.now;
      while (!mayYield(next.fitness, next.now)) next.now += 1_000;
      keeps.push(next.now - from);
      former = next.step({ type: 'yielded' });
    }
    expect(keeps).toEqual([60_000, 120_000, 240_000, 480_000, 600_000, 600_000]);
  });

  it('who loses the role for another reason is fit, and what a standby is asked as well stands as it was', () => {
    const member = new Member().probe('call', '--').step({ type: 'roleLost' });
    expect(member.why()).toBeUndefined();
    // What it could not be asked any more begins anew.
    member.probe('call', '-');
    expect(member.why()).toBeUndefined();
    member.probe('disk', '---').step({ type: 'roleLost' });
    expect(member.why()).toContain('disk:');
    member.probe('disk', '+++');
    expect(member.why()).toBeUndefined();
  });
});

it('[FT3] an unfit primary offers the role once in 30 s, and one that is only held back, or fit, never', () => {
  const member = new Member();
  expect(mayYield(member.fitness, member.now)).toBe(false);
  member.probe('call', '---');
  expect(mayYield(member.fitness, member.now)).toBe(true);
  // Who passes again is getting well.
  member.probe('call', '+');
  expect(mayYield(member.fitness, member.now)).toBe(false);
  member.probe('call', '-');
  member.step({ type: 'yielded' });
  expect(mayYield(member.fitness, member.now + 29_999)).toBe(false);
  expect(mayYield(member.fitness, member.now + 30_000)).toBe(true);
  member.step({ type: 'roleLost' });
  expect(mayYield(member.fitness, member.now + 40_000)).toBe(false);
});
