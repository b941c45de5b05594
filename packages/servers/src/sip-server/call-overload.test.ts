import { headerValue, type OverloadFeedback, topVia } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { RETRY_AFTER_MAX_S } from './call-admission.ts';
import { FEEDBACK_VALID_MS } from './call-overload.ts';
import type { SipServerOptions } from './sip-server-node.ts';
import { centreWorld, leftovers, NOTHING } from './testing/centre-world.ts';
import { configured } from './testing/configured-site.ts';
import { Peer } from './testing/people.ts';
import { configurationOf, GATEWAY, queue, trunk, WALL } from './testing/server-site.ts';

const SECOND = '10.0.9.2';
const LONG_LINE = queue('8002', { treatment: 'ringback', waitingMax: 50 });
const OUTSIDE = '4930123456';
type Centre = ReturnType<typeof loaded>;

/** Two gateways with overload control, and what the first has heard from us. */
function loaded(options: Partial<SipServerOptions> = {}, told?: () => OverloadFeedback | undefined) {
  const dns = configurationOf().dns.filter(({ type }) => type !== 'Trunk');
  const centre = centreWorld(
    {
      dns: [...dns, LONG_LINE, trunk('9000', GATEWAY), trunk('9001', SECOND)],
      overloadBusyMax: 95,
      emergencyNumbers: ['112'],
    },
    options,
  );
  const { world } = centre;
  world.remove(GATEWAY);
  const heard: OverloadFeedback[] = [];
  const overload = {
    isObeyed: () => true,
    heard: (_now: number, _target: unknown, feedback: OverloadFeedback) => void heard.push(feedback),
    told: () => told?.(),
  };
  const first = new Peer(world, OUTSIDE, GATEWAY, { overload });
  const second = new Peer(world, OUTSIDE, SECOND);
  for (const peer of [first, second])
    peer.react = (event) => {
      if (event.type === 'incoming')
        peer.do(peer.userAgent.answer(world.now, event.leg, { sdp: peer.sdp() }));
    };
  return { ...centre, first, second, heard };
}

/** So many seconds in a row at work without a break. */
function work({ world, site }: Pick<Centre, 'world' | 'site'>, seconds: number, busy = 1): void {
  for (let i = 0; i < seconds; i++) {
    site.input({ type: 'load', busy });
    world.run(1_000);
  }
}

/** What each of `count` calls of this caller is answered, with the Retry-After of its refusals. */
function answersOf({ world }: Pick<Centre, 'world'>, caller: Peer, count: number, to = '8001') {
  const before = caller.events.length;
  for (let i = 0; i < count; i++) {
    const leg = caller.call(to);
    world.run(20);
    caller.do(caller.userAgent.cancel(world.now, leg));
    caller.do(caller.userAgent.bye(world.now, leg, {}));
  }
  world.run(500);
  const failed = caller.events.slice(before).flatMap((event) => (event.type === 'failed' ? [event] : []));
  const refused = failed.filter(({ status }) => status === 503);
  return {
    refused: refused.length,
    retryAfter: refused.map(({ response }) => Number(response && headerValue(response, 'retry-after'))),
  };
}

describe('a gateway that obeys', () => {
  it('[OC4] is told our load in each answer, numbered by the wall clock, and that it is over', () => {
    const centre = loaded();
    const { world, first, heard } = centre;
    first.call('8001');
    world.run(50);
    expect(heard.at(-1)).toMatchObject({ percent: 0, validityMs: FEEDBACK_VALID_MS });
    work(centre, 4);
    const at = world.now;
    first.call('8001');
    world.run(50);
    expect(heard.at(-1)?.percent).toBe(30);
    expect(heard.at(-1)?.seq).toBeGreaterThanOrEqual(Math.floor((at + WALL) / 1000));
    work(centre, 7, 0.5);
    first.call('8001');
    world.run(50);
    expect(heard.at(-1)?.percent).toBe(0);
  });

  it('[OC4] is told of the room for calls before it is full', () => {
    const { world, first, heard } = loaded({ callsMax: 20 });
    for (let i = 0; i < 20; i++) {
      first.call('8002');
      world.run(20);
    }
    expect([...new Set(heard.map(({ percent }) => percent))]).toEqual([0, 50]);
    first.call('8002');
    world.run(20);
    expect(heard.at(-1)?.percent).toBe(100);
  });

  it('[OC4] nobody else is told: neither a phone nor who offers nothing', () => {
    const centre = loaded();
    const { world, second } = centre;
    work(centre, 4);
    world.packets = [];
    second.call('8001');
    const overload = { isObeyed: () => true, heard: () => undefined, told: () => undefined };
    new Peer(world, '7001', '10.0.1.1', { overload }).register();
    world.run(100);
    const answers = world.packets.filter(({ message }) => message.kind === 'response');
    expect(answers.length).toBeGreaterThan(2);
    for (const { message } of answers) expect(topVia(message)?.params.get('oc-validity')).toBeUndefined();
  });

  it('[OC5] is refused nothing: it thins out by itself', () => {
    const centre = loaded();
    work(centre, 12);
    expect(answersOf(centre, centre.first, 40).refused).toBe(0);
  });
});

describe('who does not', () => {
  it('[OC5] gets 503 to as many calls, with times to wait that differ; the log says when it begins and ends', () => {
    const centre = loaded();
    work(centre, 6);
    const { refused, retryAfter } = answersOf(centre, centre.second, 100);
    expect(refused).toBeGreaterThan(30);
    expect(refused).toBeLessThan(70);
    expect(new Set(retryAfter).size).toBeGreaterThan(5);
    expect(Math.max(...retryAfter)).toBeLessThanOrEqual(RETRY_AFTER_MAX_S);
    expect(Math.min(...retryAfter)).toBeGreaterThanOrEqual(1);
    work(centre, 11, 0.3);
    expect(answersOf(centre, centre.second, 40).refused).toBe(0);
    const lines = centre.site.logs.filter(({ what }) => what.startsWith('overload'));
    expect(lines.map(({ what, level }) => [what, level])).toEqual([
      ['overload', 'warn'],
      ['overload over', 'info'],
    ]);
    expect(lines[0]?.because).toContain('overload-busy allows (95 %)');
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[OC5] loses no call that stands: whatever is asked in it is answered', () => {
    const centre = loaded();
    const { world, phone, second } = centre;
    const ada = phone('7001', { answerAfterMs: 100 });
    const leg = second.call('7001');
    world.run(1_000);
    expect(ada.news().at(-1)).toBe('established');
    work(centre, 12);
    for (let i = 0; i < 20; i++) {
      second.do(second.userAgent.reinvite(world.now, leg, second.sdp(5000, 'sendrecv', 2 + i)));
      world.run(200);
    }
    expect(second.types().filter((type) => type === 'offerAnswered 200')).toHaveLength(20);
    second.do(second.userAgent.bye(world.now, leg, {}));
    world.run(500);
    expect(ada.news().at(-1)).toBe('ended remote 0');
  });

  it('[PQ4] [OC5] calls an emergency number all the same', () => {
    const centre = loaded();
    const bell = new Peer(centre.world, '7002', '10.0.1.2');
    work(centre, 12);
    expect(answersOf(centre, bell, 20, '112').refused).toBe(0);
    expect(answersOf(centre, bell, 20, OUTSIDE).refused).toBeGreaterThan(10);
  });
});

describe('a gateway that asks for fewer calls', () => {
  const feedback = (percent: number, seq: number, validityMs = 60_000) => ({ percent, seq, validityMs });

  /** Calls of one phone to the outside, one after the other; at which gateway they came. */
  function callOut({ world, first, second }: Centre, bell: Peer, count: number, to = OUTSIDE) {
    const incoming = (peer: Peer) => peer.events.filter(({ type }) => type === 'incoming').length;
    const before = [incoming(first), incoming(second)] as const;
    for (let i = 0; i < count; i++) {
      const leg = bell.call(to);
      world.run(100);
      bell.do(bell.userAgent.bye(world.now, leg, {}));
      world.run(100);
    }
    return [incoming(first) - before[0], incoming(second) - before[1]];
  }

  function asking(told: () => OverloadFeedback | undefined) {
    const centre = loaded({}, told);
    const bell = new Peer(centre.world, '7002', '10.0.1.2');
    // The first call brings what it asks for.
    expect(callOut(centre, bell, 1)).toEqual([1, 0]);
    return { centre, bell };
  }

  it('[OC6] gets about so many fewer, which take the next trunk; none once that is over', () => {
    let asked = feedback(60, 1);
    const { centre, bell } = asking(() => asked);
    const [atFirst = 0, atSecond = 0] = callOut(centre, bell, 100);
    expect(atFirst + atSecond).toBe(100);
    expect(atSecond).toBeGreaterThan(45);
    expect(atSecond).toBeLessThan(75);
    asked = feedback(0, 2);
    callOut(centre, bell, 5);
    expect(callOut(centre, bell, 20)).toEqual([20, 0]);
  });

  it('[OC6] all of them, until it has been valid: then it is asked again', () => {
    const { centre, bell } = asking(() => feedback(100, 1, 10_000));
    expect(callOut(centre, bell, 20)).toEqual([0, 20]);
    centre.world.run(10_000);
    const [atFirst] = callOut(centre, bell, 1);
    expect(atFirst).toBe(1);
  });

  it('[OC6] what comes late changes nothing', () => {
    const said = [feedback(0, 5), feedback(100, 4), feedback(100, 5)];
    const { centre, bell } = asking(() => said.shift() ?? feedback(100, 3));
    expect(callOut(centre, bell, 10)).toEqual([10, 0]);
  });

  it('[OC6] with no other trunk the call ends, and nothing is left of it', () => {
    const { centre, bell } = asking(() => feedback(100, 1));
    const { site, world } = centre;
    const dns = configurationOf().dns;
    site.input({ type: 'configuration', configuration: configurationOf({ dns }) });
    bell.call(OUTSIDE);
    world.run(500);
    expect(bell.types().at(-1)).toBe('failed 480');
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[OC6] requests of calls that stand are all sent', () => {
    const { centre, bell } = asking(() => feedback(100, 1, 20_000));
    const { world, first } = centre;
    world.run(20_000);
    const leg = bell.call(OUTSIDE);
    world.run(500);
    expect(bell.types().at(-1)).toBe('answered');
    for (let i = 0; i < 10; i++) {
      bell.do(bell.userAgent.reinvite(world.now, leg, bell.sdp(5000, 'sendrecv', 2 + i)));
      world.run(10);
      const offer = first.last('offer');
      first.do(first.userAgent.acceptOffer(world.now, offer.leg, first.sdp()));
      world.run(100);
    }
    expect(first.types().filter((type) => type === 'offer')).toHaveLength(10);
    bell.do(bell.userAgent.bye(world.now, leg, {}));
    world.run(500);
    expect(first.types().at(-1)).toBe('ended');
  });

  it('[PQ4] [OC6] gets every call to an emergency number', () => {
    const { centre, bell } = asking(() => feedback(100, 1));
    expect(callOut(centre, bell, 20, '112')).toEqual([20, 0]);
  });
});

it('[option holdfast/overload-busy] 95 % unless set; 0 asks nobody for fewer calls', () => {
  expect(configured().overloadBusyMax).toBe(95);
  expect(configured({ server: { holdfast: { 'overload-busy': '50' } } }).overloadBusyMax).toBe(50);
  const centre = loaded();
  centre.site.input({ type: 'configuration', configuration: configurationOf({ overloadBusyMax: 0 }) });
  work(centre, 12);
  expect(centre.site.logs.filter(({ what }) => what === 'overload')).toEqual([]);
});
