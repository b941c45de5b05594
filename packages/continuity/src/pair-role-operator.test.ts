import { describe, expect, it } from 'vitest';
import { whyNotAlone } from './pair-role-operator.ts';
import { TestPair } from './test-pair.ts';

describe('how long it takes, and what people can say', () => {
  /** `one` is primary, `two` its standby. */
  function running(): TestPair {
    const pair = new TestPair();
    pair.start('one');
    pair.run(100);
    pair.start('two');
    pair.run(2_000);
    expect(pair.acting).toEqual(['one']);
    return pair;
  }

  it('[PR11] a dead primary is replaced within the written length and about one lease', () => {
    const pair = running();
    pair.kill('one');
    expect(pair.run(1_000).idleMs).toBeLessThan(900);
    expect(pair.acting).toEqual(['two']);
    // Alone it soon holds the long lease; who comes back waits for that and no longer.
    pair.run(3_000);
    expect(pair.seen.key?.lengthMs).toBe(5_000);
    pair.start('one', 'one-2', 1);
    pair.kill('two');
    expect(pair.run(6_000).idleMs).toBeLessThan(5_850);
    expect(pair.acting).toEqual(['one']);
  });

  it('[PR11] at once where the supervisor has seen the process end; another process of the mate’s does not count', () => {
    const pair = running();
    pair.tell('two', { type: 'mateEnded', process: 'one-0' });
    pair.run(100);
    expect(pair.acting).toEqual(['one']);
    pair.kill('one');
    pair.tell('two', { type: 'mateEnded', process: 'one-1' });
    expect(pair.run(500).idleMs).toBeLessThan(25);
    expect(pair.acting).toEqual(['two']);
  });

  it.each([
    ['promote', 'two'],
    ['demote', 'one'],
  ] as const)('[PR11] %s: the mate has the role first, then the other gives it up', (type, name) => {
    const pair = running();
    pair.tell(name, { type });
    const { idleMs, doubles } = pair.run(1_000);
    expect(pair.acting).toEqual(['two']);
    expect(doubles).toBe(0);
    expect(idleMs).toBeLessThan(25);
    expect(pair.member('one').name).toBe('standby');
  });

  it('[PR11] where the arbiter does not answer, the operator’s word takes the role from nobody', () => {
    for (const [type, name] of [
      ['promote', 'two'],
      ['demote', 'one'],
    ] as const) {
      const pair = running();
      pair.isArbiterUp = false;
      pair.tell(name, { type });
      expect(pair.run(10_000)).toEqual({ idleMs: 0, doubles: 0 });
      expect(pair.acting).toEqual(['one']);
    }
  });

  it('[PR11] a word to the wrong member is refused with the remedy', () => {
    const pair = running();
    for (const [name, type] of [
      ['one', 'promote'],
      ['two', 'demote'],
      ['one', 'actAlone'],
    ] as const) {
      pair.tell(name, { type });
      const logged = pair.member(name).effects.findLast((effect) => effect.type === 'log');
      expect(logged).toMatchObject({
        line: { what: 'operator refused', because: expect.stringContaining(type) },
      });
    }
    expect(pair.run(1_000)).toEqual({ idleMs: 0, doubles: 0 });
  });

  it('[PR11] while the arbiter or the mate is heard nobody acts alone: it says what to do instead', () => {
    const pair = running();
    const said = () => {
      const two = pair.member('two');
      return { role: two.pair.role.name, why: whyNotAlone(two.pair, two.now) };
    };
    expect(said()).toMatchObject({ role: 'standby', why: expect.stringContaining('the arbiter answers') });
    pair.tell('two', { type: 'actAlone' });
    expect(pair.acting).toEqual(['one']);
    // The arbiter is down, and the mate acts: its requests to be confirmed are heard.
    pair.isArbiterUp = false;
    pair.run(3_000);
    expect(said()).toMatchObject({ role: 'standby', why: expect.stringContaining('end that one first') });
    pair.tell('two', { type: 'actAlone' });
    expect(pair.run(1_000)).toEqual({ idleMs: 0, doubles: 0 });
    expect(pair.acting).toEqual(['one']);
    pair.kill('one');
    pair.run(2_000);
    expect(said().why).toBeUndefined();
  });

  it('[PR11] arbiter down and primary restarted: nobody acts until the operator says so, who is left then alone', () => {
    const pair = running();
    pair.isArbiterUp = false;
    pair.run(1_000);
    pair.kill('one');
    pair.start('one', 'one-2', 1);
    expect(pair.run(20_000).idleMs).toBeGreaterThan(19_000);
    expect(pair.acting).toEqual([]);
    pair.tell('two', { type: 'actAlone' });
    expect(pair.run(2_000).idleMs).toBeLessThan(10);
    expect(pair.acting).toEqual(['two']);
    // The other confirms it, and so does the arbiter, whose key still says something older.
    pair.isArbiterUp = true;
    expect(pair.run(3_000)).toEqual({ idleMs: 0, doubles: 0 });
    expect(pair.seen.key).toMatchObject({ holder: 'two', epoch: 2 });
    expect(pair.member('two').pair.role).toMatchObject({ isAlone: false });
  });
});
