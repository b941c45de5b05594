import { describe, expect, it } from 'vitest';
import { freshLink, type LinkHealth, linkDeadline, stepLink } from './link-health.ts';

const options = { timeoutMs: { value: 1_000, option: { name: 'addp-timeout', value: '1', source: 'test' } } };
const step = (link: LinkHealth, event: Parameters<typeof stepLink>[1], now: number) =>
  stepLink(link, event, options, now);

describe('link health', () => {
  it('[LH1] a broken transport is known at once, and only once', () => {
    const lost = step(freshLink(0), { type: 'broken', how: 'reset by peer' }, 5);
    expect(lost.state.name).toBe('red');
    expect(lost.effects).toMatchObject([{ type: 'lost', because: { rule: 'LH1' } }]);
    expect(step(lost.state, { type: 'broken', how: 'again' }, 6).effects).toEqual([]);
    expect(linkDeadline(lost.state, options)).toBeUndefined();
  });

  it('[LH2] an idle line is asked after one time-out and green again after any word', () => {
    const fresh = freshLink(0);
    expect(step(fresh, { type: 'expire' }, 999).effects).toEqual([]);
    const asked = step(fresh, { type: 'expire' }, 1_000);
    expect(asked.effects).toEqual([{ type: 'sendPing', n: 1 }]);
    expect(asked.state.name).toBe('yellow');
    const heard = step(asked.state, { type: 'heard' }, 1_500);
    expect(heard.state).toMatchObject({ name: 'green', heardAt: 1_500 });
    expect(linkDeadline(heard.state, options)).toBe(2_500);
  });

  it('[LH2] traffic alone keeps a line green: nothing is sent', () => {
    let link = freshLink(0);
    for (let now = 500; now < 10_000; now += 500) {
      link = step(link, { type: 'heard' }, now).state;
      expect(step(link, { type: 'expire' }, now + 499).effects).toEqual([]);
    }
  });

  it('[LH3] silence for the same time again loses the link, and names the option', () => {
    const asked = step(freshLink(0), { type: 'expire' }, 1_000).state;
    expect(step(asked, { type: 'expire' }, 1_999).effects).toEqual([]);
    const lost = step(asked, { type: 'expire' }, 2_000);
    expect(lost.effects).toMatchObject([
      { type: 'lost', because: { rule: 'LH3', option: { name: 'addp-timeout' } } },
    ]);
  });

  it('[C69] pings of 3 s find a silent server in 6 s, one that answers is never given up, a reset is known at once', () => {
    const three = { timeoutMs: { ...options.timeoutMs, value: 3_000 } };
    const stepAt = (link: LinkHealth, event: Parameters<typeof stepLink>[1], now: number) =>
      stepLink(link, event, three, now);
    /** Looked at every 100 ms; answers come 2,900 ms after each ping as long as the server lives. */
    const lostAt = (diesAt: number): number | undefined => {
      let link = freshLink(0);
      let answerAt = Number.POSITIVE_INFINITY;
      for (let now = 0; now <= 60_000; now += 100) {
        if (now >= answerAt && now < diesAt) {
          link = stepAt(link, { type: 'heard' }, now).state;
          answerAt = Number.POSITIVE_INFINITY;
        }
        const { state, effects } = stepAt(link, { type: 'expire' }, now);
        link = state;
        for (const effect of effects) {
          if (effect.type === 'lost') return now;
          answerAt = now + 2_900;
        }
      }
      return undefined;
    };
    expect(lostAt(Number.POSITIVE_INFINITY)).toBeUndefined();
    for (const diesAt of [0, 1_000, 5_900, 20_000]) {
      const found = lostAt(diesAt) ?? Number.POSITIVE_INFINITY;
      expect(found - diesAt).toBeGreaterThan(0);
      expect(found - diesAt).toBeLessThanOrEqual(6_000);
    }
    expect(stepAt(freshLink(0), { type: 'broken', how: 'reset' }, 10).state.name).toBe('red');
  });

  it('[LH4] a process that slept asks again instead of blaming the other side', () => {
    const asked = step(freshLink(0), { type: 'expire' }, 1_000).state;
    const woken = step(asked, { type: 'expire' }, 60_000);
    expect(woken.effects).toEqual([{ type: 'sendPing', n: 2 }]);
    expect(step(woken.state, { type: 'expire' }, 61_000).effects).toMatchObject([{ type: 'lost' }]);
    expect(step(freshLink(0), { type: 'doubt' }, 10).effects).toEqual([{ type: 'sendPing', n: 1 }]);
  });
});
