import { describe, expect, it } from 'vitest';
import { ATTEMPT_MAX_MS, Link, type LinkTarget } from './link.ts';

const FIRST = { host: 'first', port: 1 };
const SECOND = { host: 'second', port: 2 };
const FIRST_PAUSE_MAX_MS = 2_000;

/** A link to a pair, and what it ordered. */
function pair(random = () => 0.5) {
  const orders: string[] = [];
  const timeoutMs = { value: 10_000, option: { name: 'addp-timeout', value: '10', source: 'test' } };
  const target: LinkTarget = {
    form: 'pair',
    members: [FIRST, SECOND],
    health: { timeoutMs },
    pauseMs: 10_000,
    firstPauseMaxMs: FIRST_PAUSE_MAX_MS,
  };
  const link = new Link({ name: 't', random }, target, {
    connect: (connection, member) => orders.push(`connect ${connection} ${member.host}`),
    close: (connection) => orders.push(`close ${connection}`),
    ping: (connection, n) => orders.push(`ping ${connection} ${n}`),
    off: (_now, since) => orders.push(`off ${since}`),
  });
  return { link, target, taken: () => orders.splice(0) };
}

describe('a link to a pair', () => {
  it('[DS5] is off only when both members have failed, counted from the loss', () => {
    const { link, taken } = pair();
    link.start(0);
    link.established(10);
    expect(taken()).toEqual(['connect t#1 first']);
    link.broken(1_000, 'reset by peer');
    expect(taken()).toEqual(['connect t#2 second']);
    expect(link.view.state).toBe('connecting');
    link.broken(1_400, 'refused');
    expect(taken()).toEqual(['off 1000']);
    expect(link.view.state).toBe('off');
  });

  it('[DS5] is not off when the mate answers', () => {
    const { link, taken } = pair();
    link.start(0);
    link.established(10);
    link.broken(1_000, 'reset by peer');
    link.established(1_010);
    expect(link.isOn).toBe(true);
    // The mate's connection is lost in turn: the first member is tried before the link is off.
    link.broken(2_000, 'reset by peer');
    expect(taken()).toEqual(['connect t#1 first', 'connect t#2 second', 'connect t#3 first']);
  });

  it('[DS5] tries all members after each pause, and tells once that it is off', () => {
    const { link, taken } = pair();
    link.start(0);
    link.broken(1, 'refused');
    link.broken(2, 'refused');
    expect(taken()).toEqual(['connect t#1 first', 'connect t#2 second', 'off 1']);
    const at = link.nextDeadline() ?? 0;
    expect(at).toBe(2 + 10_000 * 1.125);
    link.expire(at - 1);
    expect(taken()).toEqual([]);
    link.expire(at);
    link.broken(at + 1, 'refused');
    link.broken(at + 2, 'refused');
    expect(taken()).toEqual(['connect t#3 first', 'connect t#4 second']);
  });

  it('[D42] the first wait after a loss has jitter too', () => {
    for (const share of [0, 0.3, 0.99]) {
      const { link } = pair(() => share);
      link.start(0);
      link.established(0);
      link.broken(1_000, 'reset by peer');
      link.broken(1_000, 'refused');
      expect(link.nextDeadline()).toBe(1_000 + FIRST_PAUSE_MAX_MS * share);
    }
    const alone = (share: number) => {
      const timeoutMs = { value: 10_000, option: { name: 'addp-timeout', value: '10', source: 'test' } };
      const none = () => {};
      const ports = { connect: none, close: none, ping: none, off: none };
      const link = new Link(
        { name: 't', random: () => share },
        {
          form: 'pair',
          members: [FIRST],
          health: { timeoutMs },
          pauseMs: 10_000,
          firstPauseMaxMs: FIRST_PAUSE_MAX_MS,
        },
        ports,
      );
      link.start(0);
      link.established(0);
      link.broken(1_000, 'reset by peer');
      return link.nextDeadline();
    };
    expect(alone(0.3)).toBe(1_000 + 0.3 * FIRST_PAUSE_MAX_MS);
    expect(alone(0.9)).toBe(1_000 + 0.9 * FIRST_PAUSE_MAX_MS);
  });

  it('[DS5] an attempt that comes to nothing is given up: a stopped process accepts connections', () => {
    const { link, taken } = pair();
    link.start(0);
    link.expire(ATTEMPT_MAX_MS - 1);
    expect(taken()).toEqual(['connect t#1 first']);
    link.expire(ATTEMPT_MAX_MS);
    expect(taken()).toEqual(['close t#1', 'connect t#2 second']);
  });

  it('[LH3] silence closes the connection and tries the mate', () => {
    const { link, taken } = pair();
    link.start(0);
    link.established(0);
    link.expire(10_000);
    link.expire(20_000);
    expect(taken()).toEqual(['connect t#1 first', 'ping t#1 1', 'close t#1', 'connect t#2 second']);
  });
});

describe('[DS24] servers that change while the link is in use', () => {
  const THIRD = { host: 'third', port: 3 };

  it('a connection to who is none of them any more stands until it is lost; then all of them are tried', () => {
    const { link, target, taken } = pair();
    link.start(0);
    link.established(10);
    link.renew(20, { ...target, members: [THIRD] });
    expect(link.isOn).toBe(true);
    expect(taken()).toEqual(['connect t#1 first']);
    link.broken(1_000, 'reset by peer');
    expect(taken()).toEqual(['connect t#2 third']);
    link.broken(1_010, 'refused');
    expect(taken()).toEqual(['off 1000']);
  });

  it('an attempt goes on, and the next one is of the new list', () => {
    const { link, target, taken } = pair();
    link.start(0);
    link.renew(1, { ...target, members: [THIRD, SECOND] });
    link.broken(2, 'refused');
    link.broken(3, 'refused');
    expect(taken()).toEqual(['connect t#1 first', 'connect t#2 third', 'connect t#3 second']);
    link.broken(4, 'refused');
    expect(taken()).toEqual(['off 2']);
  });

  it('whoever is tried and still one of them is not tried twice in the round', () => {
    const { link, target, taken } = pair();
    link.start(0);
    link.broken(1, 'refused');
    link.renew(2, { ...target, members: [FIRST, SECOND] });
    link.broken(3, 'refused');
    expect(taken()).toEqual(['connect t#1 first', 'connect t#2 second', 'off 1']);
  });

  it('a pause ends no later than by the new one, and the same one goes on', () => {
    const { link, target } = pair(() => 0);
    link.start(0);
    link.broken(1, 'refused');
    link.broken(2, 'refused');
    expect(link.nextDeadline()).toBe(10_002);
    link.renew(5_000, { ...target });
    expect(link.nextDeadline()).toBe(10_002);
    link.renew(5_000, { ...target, pauseMs: 1_000 });
    expect(link.nextDeadline()).toBe(6_000);
    link.renew(5_500, { ...target, pauseMs: 60_000 });
    expect(link.nextDeadline()).toBe(6_000);
  });
});
