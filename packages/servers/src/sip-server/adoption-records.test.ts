/** What a mate goes on with when a server has begun to take over calls of the other site (AD13); in step: `standby-peer.test.ts`. */
import type { Plain } from '@holdfast/kernel';
import { describe, expect, it } from 'vitest';
import { Following } from '../mirror/following.ts';
import { PHONE_AWAITED_MAX_MS } from './adoption.ts';
import { HALF_CALL_MAX_MS } from './crossed-calls.ts';
import type { HeldPeer } from './peer-site.ts';
import { die, logsInAtSouth, talking } from './testing/adoption-world.ts';
import { CALLER_NUMBER } from './testing/centre-world.ts';
import { callerAt, Peer } from './testing/people.ts';
import { patientCall, pooled } from './testing/pool-world.ts';
import { configurationOf, SERVER, type Site, trunk } from './testing/server-site.ts';
import { SIP_PORT } from './testing/server-world.ts';
import { SOUTH, twoSites } from './testing/two-sites.ts';

/** What the mate of this site holds of the other: as much as the site itself. */
function heldAt({ node }: Site, more: Partial<HeldPeer> = {}): HeldPeer {
  const { peer } = node.parts;
  const { following } = peer.standing;
  return { site: peer.site, following, heardAt: 0, attempt: peer.attempt, ...more };
}

const ended = (types: readonly string[]) => types.filter((type) => type === 'ended').length;

describe('the server dies while something of the other, dead site goes on here', () => {
  function crossed() {
    const all = pooled({ isLed: true, hasMate: true });
    const { world, south } = all;
    const { ada, one } = patientCall(all);
    die(all);
    while (south.node.sizes().halves === 0) world.run(100);
    return { ...all, ada, one, foundDeadAt: world.now };
  }

  it('[AD13] [AD11] a call whose other half is awaited stands, and is joined when she comes', () => {
    const all = crossed();
    const { world, south, one } = all;
    world.run(10_000);
    south.takeOver(heldAt(south));
    world.run(10_000);
    expect(south.node.parts.calls.size).toBe(1);
    logsInAtSouth(all);
    world.run(1_000);
    expect(ended(one.types())).toBe(0);
    expect([...south.node.parts.account.counts]).toEqual([['adopted', 1]]);
  });

  it('[AD13] [AD11] it waits no longer than it would have, and not at all where nothing is held of the other site', () => {
    const all = crossed();
    const { world, south, one, foundDeadAt } = all;
    world.run(60_000);
    south.takeOver(heldAt(south));
    world.run(foundDeadAt + HALF_CALL_MAX_MS - world.now - 1_000);
    expect(ended(one.types())).toBe(0);
    world.run(2_000);
    expect(ended(one.types())).toBe(1);
    const without = crossed();
    without.south.takeOver(heldAt(without.south, { following: new Following() }));
    without.world.run(1_000);
    expect(ended(without.one.types())).toBe(1);
  });

  it('[AD13] [AD5] a call that waits for a phone goes on waiting for it, and no longer than it would have', () => {
    const all = twoSites({ isLed: true, hasMate: true });
    const { world, north, south } = all;
    all.phone('7001').tell({ name: 'answerAfter', ms: 100 });
    all.desk(north, 'ada', '7001').login('7001', { workMode: undefined });
    const bob = new Peer(world, '7002', '10.0.1.2');
    expect(bob.register({ transport: 'TCP' })).toBe(200);
    const target = { transport: 'TCP', host: north.host, port: SIP_PORT } as const;
    bob.call('7001', { destination: { type: 'target', target }, contact: bob.contact('TCP') });
    world.run(2_000);
    die(all);
    world.breakConnections(bob.host);
    world.run(3_000);
    logsInAtSouth(all);
    const begunAt = world.now;
    world.run(60_000);
    south.takeOver(heldAt(south));
    expect(south.node.parts.adoption.awaitsPhones).toBe(true);
    world.run(begunAt + PHONE_AWAITED_MAX_MS - world.now - 2_000);
    expect([...south.node.parts.account.counts]).toEqual([]);
    world.run(3_000);
    expect([...south.node.parts.account.counts]).toEqual([['phone-absent', 1]]);
  });

  it('[AD13] [AD7] a place in line that was given is not given again', () => {
    const centre = { ...configurationOf().centre, lostPlaceWindowMs: 60_000 };
    const dns = [...configurationOf().dns, trunk('9001', '10.0.9.2')];
    const all = twoSites({ isLed: true, hasMate: true, north: { dns, centre }, south: { dns, centre } });
    const { world, south } = all;
    callerAt(world, '10.0.9.1', CALLER_NUMBER).tell({ name: 'call', to: '8000' });
    world.run(4_000);
    die(all);
    world.run(10_000);
    const target = { transport: 'UDP' as const, host: SOUTH, port: SIP_PORT };
    const destination = { type: 'target' as const, target };
    const sites = [{ site: 'of the call', registrar: 'sip:holdfast', destination }];
    const again = callerAt(world, '10.0.9.2', CALLER_NUMBER, { sites });
    const waited = () => {
      const line = south.node.parts.centre.queueSnapshots(world.now).find(({ dn }) => dn === '8000');
      return line?.waiting.map(({ waitedMs }) => Math.round(waitedMs / 1_000));
    };
    again.tell({ name: 'call', to: '8000' });
    world.run(1_000);
    expect(waited()?.[0]).toBeGreaterThan(3);
    again.tell({ name: 'hangup' });
    world.run(1_000);
    south.takeOver(heldAt(south));
    again.tell({ name: 'call', to: '8000' });
    world.run(1_000);
    expect(waited()).toEqual([1]);
  });
});

describe('since when the other site is silent, after a takeover', () => {
  /** North is dead, and south has noticed; the instant at which it answered last. */
  function silent() {
    const all = talking({ hasMate: true });
    die(all);
    all.world.run(3_000);
    return { ...all, since: all.south.node.parts.peer.silentSince ?? Number.NaN };
  }

  it('[AD13] as the server before knew it, where this one has heard nothing since', () => {
    const { south, since } = silent();
    south.takeOver(heldAt(south, { heardAt: since - 10 }));
    expect(south.node.parts.peer.silentSince).toBe(since);
    // And where it takes over once more.
    south.takeOver(heldAt(south, { heardAt: undefined }));
    expect(south.node.parts.peer.silentSince).toBe(since);
  });

  it('[AD13] since this one heard it itself, as a standby, where that is later', () => {
    const { south, since } = silent();
    south.takeOver(heldAt(south, { heardAt: since + 700 }));
    expect(south.node.parts.peer.silentSince).toBe(since + 700);
  });

  it('[AD13] where the server before still had answers, from the takeover, when it is known that this one has none', () => {
    const all = talking({ hasMate: true });
    const { world, south } = all;
    die(all);
    world.run(10);
    expect(south.node.parts.peer.canAsk).toBe(true);
    south.takeOver(heldAt(south));
    const tookOverAt = world.now;
    expect(south.node.parts.peer.silentSince).toBeUndefined();
    world.run(100);
    expect(south.node.parts.peer.silentSince).toBe(tookOverAt);
  });

  it('[AD13] at no moment while the other site lives', () => {
    const { world, south } = talking({ hasMate: true });
    south.takeOver(heldAt(south));
    while (!south.node.parts.peer.canAsk) {
      expect(south.node.parts.peer.silentSince).toBeUndefined();
      world.run(1);
    }
  });

  it('[AD13] not at all where it is another site', () => {
    const { south } = silent();
    south.takeOver(heldAt(south, { site: 'west' }));
    expect(south.node.parts.peer.records()).toBeUndefined();
  });

  it('[AD13] once the site answers there is no silence to go on with', () => {
    const { world, south } = silent();
    expect([...south.node.holding(world.now).records].map(([key]) => key)).toContain('silence/north');
    const back = talking({ hasMate: true });
    back.world.run(5_000);
    expect(back.south.node.parts.peer.canAsk).toBe(true);
    const keys = [...back.south.node.holding(back.world.now).records].map(([key]) => key);
    expect(keys.filter((key) => key.startsWith('silence/'))).toEqual([]);
  });
});

it('[AD13] [AD3] a call that has moved to the other site, as only the standby has heard, is given away at once', () => {
  const all = twoSites({ isLed: true, hasMate: true });
  const { world, south } = all;
  const ada = all.phone('7001', [SOUTH]).tell({ name: 'answerAfter', ms: 500 });
  all.desk(south, 'ada', '7001').login('7001');
  const target = { transport: 'UDP' as const, host: SOUTH, port: SIP_PORT };
  const destination = { type: 'target' as const, target };
  const sites = [{ site: 'of the call', registrar: 'sip:holdfast', destination }];
  callerAt(world, '10.0.9.1', CALLER_NUMBER, { sites }).tell({ name: 'call', to: '8000' });
  world.run(3_000);
  expect(ada.news()).toContain('established');
  const following = new Following();
  const talks = [...south.node.holding(world.now).records].filter(([key]) => key.startsWith('talk/'));
  const put = talks.map(([key, value]): [string, Plain, number] => [key, movedOn(value), 1]);
  const part = { type: 'snapshot', epoch: 1, number: 1, now: world.now, part: 0, isLast: true } as const;
  following.hear(world.now, { ...part, positions: [], put, events: [] });
  expect(put).toHaveLength(1);
  world.cut.add(SERVER);
  south.takeOver(heldAt(south, { following }));
  world.run(1_000);
  expect(south.node.parts.calls.size).toBe(0);
  expect(south.logs.filter(({ what }) => what === 'call given away')).toHaveLength(1);
  // Nothing is said to its ends: they obey the other site.
  expect(ada.news()).toEqual([]);
});

function movedOn(value: Plain): Plain {
  const { call, ...rest } = value as { readonly call: Record<string, Plain> };
  return { ...rest, call: { ...call, moves: 1 } };
}
