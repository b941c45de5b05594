import { describe, expect, it } from 'vitest';
import { centreWorld } from './testing/centre-world.ts';
import { Peer } from './testing/people.ts';
import { configurationOf, GATEWAY, trunk } from './testing/server-site.ts';

const SECOND = '10.0.9.2';
const OUTSIDE = '4930123456';
const CHECK = { everyMs: 10_000, giveUpMs: 2_000 };

/** Two trunks; the gateway of the first is asked, and answers with `status`. */
function twoTrunks() {
  const dns = configurationOf().dns.filter(({ type }) => type !== 'Trunk');
  const trunks = [{ ...trunk('9000', GATEWAY), check: CHECK }, trunk('9001', SECOND)];
  const centre = centreWorld({ dns: [...dns, ...trunks] });
  const { world } = centre;
  world.remove(GATEWAY);
  const first = new Peer(world, OUTSIDE, GATEWAY);
  const second = new Peer(world, OUTSIDE, SECOND);
  const answers = { status: 200 };
  first.react = (event) => {
    if (event.type === 'request')
      first.do(first.userAgent.respond(world.now, event.transaction, answers.status));
  };
  const ada = centre.phone('7001');
  /** Where a call that leaves arrives first. */
  const leavesOver = () => {
    const before = [first, second].map(callsOf);
    ada.tell({ name: 'call', to: OUTSIDE });
    world.run(500);
    ada.tell({ name: 'hangup' });
    world.run(500);
    const [atFirst, atSecond] = [first, second].map(callsOf);
    return (atFirst ?? 0) > (before[0] ?? 0) ? 'first' : (atSecond ?? 0) > (before[1] ?? 0) ? 'second' : '';
  };
  const told = () => centre.site.logs.map(({ what }) => what).filter((what) => what.startsWith('trunk'));
  return { ...centre, first, second, answers, leavesOver, told };
}

const callsOf = (peer: Peer) => peer.events.filter(({ type }) => type === 'incoming').length;

describe('a trunk that is asked whether it is in service', () => {
  it('[SS35] is in service while its gateway answers, whatever it answers', () => {
    const { world, answers, leavesOver, told } = twoTrunks();
    for (const status of [200, 405, 404]) {
      answers.status = status;
      world.run(11_000);
      expect(leavesOver()).toBe('first');
    }
    expect(told()).toEqual([]);
  });

  it('[SS35] is tried last while its gateway is silent, before any call has waited for it', () => {
    const { world, leavesOver, told } = twoTrunks();
    world.cut.add(GATEWAY);
    world.run(13_000);
    expect(told()).toEqual(['trunk out of service']);
    expect(leavesOver()).toBe('second');
    world.cut.clear();
    world.run(11_000);
    expect(told()).toEqual(['trunk out of service', 'trunk back in service']);
    expect(leavesOver()).toBe('first');
  });

  it('[SS35] is tried last while its gateway answers 503', () => {
    const { world, answers, leavesOver, told } = twoTrunks();
    answers.status = 503;
    world.run(25_000);
    expect(told()).toEqual(['trunk out of service']);
    expect(leavesOver()).toBe('second');
  });

  it('[SS35] is in service again when it is asked no longer', () => {
    const { world, site, leavesOver, answers } = twoTrunks();
    answers.status = 503;
    world.run(11_000);
    const dns = configurationOf().dns.filter(({ type }) => type !== 'Trunk');
    const trunks = [trunk('9000', GATEWAY), trunk('9001', SECOND)];
    site.input({ type: 'configuration', configuration: configurationOf({ dns: [...dns, ...trunks] }) });
    expect(leavesOver()).toBe('first');
  });
});
