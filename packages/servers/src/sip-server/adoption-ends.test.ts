/** What the ends of a call that was taken over answer when they are told where it is now (AD5). */
import { createResponse } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { die, logsInAtSouth } from './testing/adoption-world.ts';
import { CALLER_NUMBER, leftovers, NOTHING } from './testing/centre-world.ts';
import { callerAt, Peer, Phone } from './testing/people.ts';
import { GATEWAY } from './testing/server-site.ts';
import { SIP_PORT } from './testing/server-world.ts';
import { twoSites } from './testing/two-sites.ts';

/** Ada talks at north to a caller behind a gateway; north dies. */
function orphaned(transport: 'UDP' | 'TCP' = 'UDP') {
  const all = twoSites({ isLed: true });
  const { world, north } = all;
  const ada = all.phone('7001').tell({ name: 'answerAfter', ms: 100 });
  all.desk(north, 'ada', '7001').login('7001');
  const gateway = new Peer(world, CALLER_NUMBER, GATEWAY);
  gateway.react = (event) => {
    if (event.type === 'offer')
      gateway.do(gateway.userAgent.acceptOffer(world.now, event.leg, gateway.sdp()));
  };
  const target = { transport, host: north.host, port: SIP_PORT } as const;
  const leg = gateway.call('8000', {
    destination: { type: 'target', target },
    contact: gateway.contact(transport),
  });
  world.run(2_000);
  expect(gateway.types()).toContain('answered');
  ada.news();
  die(all);
  world.run(3_000);
  return { ...all, ada, gateway, leg };
}

/** This gateway answers so many requests with this status; the answer is how many it was asked. */
function refuses(
  { world, gateway }: ReturnType<typeof orphaned>,
  times: number,
  { status, headers = [] }: { readonly status: number; readonly headers?: readonly [string, string][] },
) {
  const asked: number[] = [];
  const takes = gateway.sip.bind(gateway);
  gateway.sip = (message, source) => {
    if (message.kind === 'response' || message.method === 'ACK' || message.method === 'BYE')
      return takes(message, source);
    asked.push(world.now);
    if (asked.length > times) return takes(message, source);
    const target = { transport: 'UDP', host: source.host, port: source.port } as const;
    world.transmit(gateway, {
      type: 'transmit',
      message: createResponse(message, status, { headers }),
      target,
    });
  };
  return asked;
}

describe('an end of a call that was taken over is told where it is now', () => {
  it('[AD5] 503 of an overloaded gateway ends nothing: it is told again when it has asked for that', () => {
    const all = orphaned();
    const { world, south, ada, gateway } = all;
    const asked = refuses(all, 1, { status: 503, headers: [['Retry-After', '5']] });
    logsInAtSouth(all);
    world.run(2_000);
    expect(asked).toHaveLength(1);
    expect(south.node.parts.calls.size).toBe(1);
    world.run(5_000);
    expect(asked).toHaveLength(2);
    expect([...south.node.parts.account.counts]).toEqual([['adopted', 1]]);
    // Because it was told where the call is now, its BYE comes here.
    gateway.do(gateway.userAgent.bye(world.now, all.leg));
    world.run(1_000);
    expect(ada.news()).toEqual(['ended remote 0']);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD5] nor does any refusal that is no 481 and no 408: who refuses lives', () => {
    for (const status of [500, 503, 504, 603]) {
      const all = orphaned();
      const { world, south, ada, gateway } = all;
      refuses(all, 1_000, { status });
      logsInAtSouth(all);
      world.run(10_000);
      expect([...south.node.parts.account.counts], `${status}`).toEqual([['adopted', 1]]);
      expect(south.node.parts.calls.size).toBe(1);
      expect([...ada.news(), ...gateway.types()].filter((what) => what.startsWith('ended'))).toEqual([]);
    }
  });

  it('[AD5] 481 and 408 release the other', () => {
    for (const [status, cause] of [
      [481, 'end-gone'],
      [408, 'end-silent'],
    ] as const) {
      const all = orphaned();
      const { world, south, ada } = all;
      refuses(all, 1, { status });
      logsInAtSouth(all);
      world.run(10_000);
      expect([...south.node.parts.account.counts]).toEqual([[cause, 1]]);
      expect(ada.news()).toEqual(['ended remote 0']);
    }
  });

  it('[AD5] [LG4] one whose connection is refused cannot be reached: the other is let go at once, and it is counted', () => {
    const all = orphaned('TCP');
    const { world, south, ada, gateway } = all;
    world.breakConnections(gateway.host);
    world.remove(gateway.host);
    logsInAtSouth(all);
    world.run(1_000);
    expect([...south.node.parts.account.counts]).toEqual([['end-unreachable', 1]]);
    const line = south.logs.find(({ what }) => what === 'call not adopted');
    expect(line).toMatchObject({ level: 'warn', detail: { cause: 'end-unreachable', count: 1 } });
    expect(line?.because).toContain('AD5: an end of it cannot be reached');
    expect(ada.news()).toEqual(['ended remote 0']);
    world.run(60_000);
    expect(south.node.parts.calls.size).toBe(0);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD5] [SS24] of two phones with one number it is the one that has the call, whichever has registered last', () => {
    for (const transport of ['UDP', 'TCP'] as const) {
      const all = twoSites({ isLed: true });
      const { world, north, south } = all;
      const sitesOver = [north, south].map(({ host }) => ({
        ...{ site: host, registrar: 'sip:holdfast' },
        destination: { type: 'target' as const, target: { transport, host, port: SIP_PORT } },
      }));
      const phoneAt = (host: string, answerAfterMs: number | null) =>
        new Phone(world, '7001', { host, transport, sites: sitesOver, answerAfterMs }).tell({
          name: 'register',
        });
      const ada = phoneAt('10.0.1.1', 100);
      world.run(500);
      // At home, where nobody answers.
      const other = phoneAt('10.0.1.99', null);
      world.run(500);
      all.desk(north, 'ada', '7001').login('7001');
      const caller = callerAt(world, GATEWAY, CALLER_NUMBER);
      caller.tell({ name: 'call', to: '8000' });
      world.run(2_000);
      expect(ada.hears(), transport).toEqual([`${GATEWAY}:4000`]);
      die(all);
      world.run(3_000);
      other.news();
      logsInAtSouth(all);
      world.run(2_000);
      expect([...south.node.parts.account.counts], transport).toEqual([['adopted', 1]]);
      expect([ada.hears(), caller.hears(), other.news()]).toEqual([
        [`${GATEWAY}:4000`],
        ['10.0.1.1:4000'],
        [],
      ]);
    }
  });
});
