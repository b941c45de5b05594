import { describe, expect, it } from 'vitest';
import { TRUNK_SILENT_MAX_MS } from './call-ringing.ts';
import { OutboundTrunks, TRUNK_ILL_MS, TRUNKS_TRIED_MAX } from './outbound-trunks.ts';
import { centreWorld, leftovers, NOTHING } from './testing/centre-world.ts';
import { Peer } from './testing/people.ts';
import { configurationOf, GATEWAY, trunk } from './testing/server-site.ts';

const SECOND = '10.0.9.2';
const OUTSIDE = '4930123456';

/** Two gateways that do what the test says, and the phone 7001. */
function twoTrunks(transport: 'UDP' | 'TCP' = 'UDP') {
  const dns = configurationOf().dns.filter(({ type }) => type !== 'Trunk');
  const centre = centreWorld({ dns: [...dns, trunk('9000', GATEWAY, transport), trunk('9001', SECOND)] });
  centre.world.remove(GATEWAY);
  const first = new Peer(centre.world, OUTSIDE, GATEWAY);
  const second = new Peer(centre.world, OUTSIDE, SECOND);
  const ada = centre.phone('7001');
  const refuse = (peer: Peer, status: number) => {
    peer.react = (event) => {
      if (event.type === 'incoming') peer.do(peer.userAgent.reject(centre.world.now, event.leg, status));
    };
  };
  const answer = (peer: Peer) => {
    peer.react = (event) => {
      if (event.type === 'incoming')
        peer.do(peer.userAgent.answer(centre.world.now, event.leg, { sdp: peer.sdp() }));
    };
  };
  return { ...centre, first, second, ada, refuse, answer };
}

const callsOf = (peer: Peer) => peer.events.filter(({ type }) => type === 'incoming').length;

describe('a call that leaves over a trunk', () => {
  it('[SS32] takes the next trunk when the gateway answers 503, and tries that gateway last for a while', () => {
    const centre = twoTrunks();
    const { world, board, first, second, ada, refuse, answer } = centre;
    refuse(first, 503);
    answer(second);
    ada.tell({ name: 'call', to: OUTSIDE });
    world.run(1_000);
    expect(ada.news().at(-1)).toBe('established');
    expect([callsOf(first), callsOf(second)]).toEqual([1, 1]);
    expect(board.news().filter((event) => event.endsWith(' 7001'))).toEqual([
      'EventDNBackInService 7001',
      'EventDialing 7001',
      'EventEstablished 7001',
    ]);
    ada.tell({ name: 'hangup' });
    world.run(1_000);
    ada.tell({ name: 'call', to: OUTSIDE });
    world.run(1_000);
    expect([callsOf(first), callsOf(second)]).toEqual([1, 2]);
    ada.tell({ name: 'hangup' });
    world.run(TRUNK_ILL_MS);
    ada.tell({ name: 'call', to: OUTSIDE });
    world.run(1_000);
    expect([callsOf(first), callsOf(second)]).toEqual([2, 3]);
    ada.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS32] leaves a silent gateway after 4 s, and one that cannot be reached at once', () => {
    const silent = twoTrunks();
    silent.world.cut.add(GATEWAY);
    silent.answer(silent.second);
    silent.ada.tell({ name: 'call', to: OUTSIDE });
    silent.world.run(TRUNK_SILENT_MAX_MS - 500);
    expect(callsOf(silent.second)).toBe(0);
    silent.world.run(1_000);
    expect(silent.ada.news().at(-1)).toBe('established');
    silent.ada.tell({ name: 'hangup' });
    expect(leftovers(silent)).toEqual(NOTHING);
    const gone = twoTrunks('TCP');
    gone.world.remove(GATEWAY);
    gone.answer(gone.second);
    gone.ada.tell({ name: 'call', to: OUTSIDE });
    gone.world.run(500);
    expect(gone.ada.news().at(-1)).toBe('established');
  });

  it('[SS32] waits for the callee behind a gateway that answers, however long it rings', () => {
    const { world, first, second, ada } = twoTrunks();
    first.react = (event) => {
      if (event.type === 'incoming') first.do(first.userAgent.ring(world.now, event.leg, { status: 180 }));
    };
    ada.tell({ name: 'call', to: OUTSIDE });
    world.run(20_000);
    expect([callsOf(first), callsOf(second)]).toEqual([1, 0]);
    expect(ada.news().at(-1)).toBe('progress 180');
  });

  it.each([486, 603, 404, 480, 500, 408])(
    '[SS32] %i is the callee’s word: no other trunk is tried',
    (status) => {
      const centre = twoTrunks();
      const { world, first, second, ada, refuse } = centre;
      refuse(first, status);
      ada.tell({ name: 'call', to: OUTSIDE });
      world.run(6_000);
      expect(ada.news().at(-1)).toMatch(/^ended refused/);
      expect([callsOf(first), callsOf(second)]).toEqual([1, 0]);
      expect(leftovers(centre)).toEqual(NOTHING);
    },
  );

  it('[SS32] is refused when all trunks have failed, and not rung at the next when its caller has gone', () => {
    const centre = twoTrunks();
    const { world, first, second, ada, refuse } = centre;
    refuse(first, 503);
    refuse(second, 503);
    ada.tell({ name: 'call', to: OUTSIDE });
    world.run(1_000);
    expect(ada.news().at(-1)).toBe('ended refused 480');
    world.cut.add(GATEWAY);
    world.run(TRUNK_ILL_MS);
    ada.tell({ name: 'call', to: OUTSIDE });
    world.run(1_000);
    ada.tell({ name: 'hangup' });
    world.run(10_000);
    expect(callsOf(second)).toBe(1);
    expect(leftovers(centre)).toEqual(NOTHING);
  });
});

describe('the order of trunks', () => {
  it('[SS32] is the chosen one, then the others, those that failed last; no more than four', () => {
    const trunks = new OutboundTrunks();
    const dns = ['a', 'b', 'c', 'd', 'e'].map((number, i) => trunk(number, `10.0.9.${i}`));
    trunks.configure({ dns });
    expect(trunks.order(0, 'b')).toEqual(['b', 'a', 'c', 'd']);
    expect(trunks.order(0, 'b')).toHaveLength(TRUNKS_TRIED_MAX);
    trunks.failed(0, 'b');
    trunks.failed(0, 'a');
    expect(trunks.order(1, 'b')).toEqual(['c', 'd', 'e', 'b']);
    trunks.answered('a');
    expect(trunks.order(1, 'b')).toEqual(['a', 'c', 'd', 'e']);
    expect(trunks.order(TRUNK_ILL_MS, 'b')).toEqual(['b', 'a', 'c', 'd']);
    // What is no trunk any more is not called.
    trunks.configure({ dns: dns.slice(0, 1) });
    expect(trunks.order(1, 'b')).toEqual(['a']);
  });
});
