/** Which host a phone may name in Refer-To, or in the Contact of a 3xx, and what is meant by it. */
import { describe, expect, it } from 'vitest';
import { asked, die, logsInAtSouth, talking } from './testing/adoption-world.ts';
import { centreWorld, leftovers, NOTHING } from './testing/centre-world.ts';
import { Peer, type Phone } from './testing/people.ts';
import { configurationOf, GATEWAY, SERVER, trunk } from './testing/server-site.ts';
import { SOUTH } from './testing/two-sites.ts';

/** What DNS SRV says of it leads to both sites (docs/phones.md). */
const DOMAIN = 'phones.example.com';
const OUTSIDE = '4989555';

/** The trunk 9100 leads to the other site, at this address. */
const joinedTo = (host: string) => ({
  peerTrunk: '9100',
  dns: [trunk('9100', host), ...configurationOf().dns],
});

/** What the phone has heard of its transfers. */
function statuses({ facts }: Phone): number[] {
  return facts.splice(0).flatMap((fact) => (fact.name === 'transferring' ? (fact.status ?? []) : []));
}

describe('a phone that has registered under a name of its own', () => {
  function registered() {
    const centre = centreWorld();
    const { world, caller } = centre;
    const ada = centre.phone('7001', { domain: DOMAIN, answerAfterMs: 100 });
    const bob = centre.phone('7002', { answerAfterMs: 100 });
    caller.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    world.packets = [];
    return { ...centre, ada, bob };
  }

  it('[SS81] transfers to a number there, of ours or outside', () => {
    const { world, site, ada, bob, caller, ...centre } = registered();
    ada.tell({ name: 'transfer', to: OUTSIDE });
    world.run(200);
    const called = (world.packets ?? []).flatMap(({ to, message }) =>
      to === GATEWAY && message.kind === 'request' && message.method === 'INVITE' ? [message.uri] : [],
    );
    expect(called).toEqual([`sip:${OUTSIDE}@${GATEWAY}:5060`]);
    // At that address is only who was to be transferred, and is busy with that.
    expect(statuses(ada)).toEqual([100, 480]);
    ada.tell({ name: 'transfer', to: '7002' });
    world.run(1_000);
    expect(statuses(ada)).toEqual([100, 200]);
    expect([bob.hears(), caller.hears()]).toEqual([[`${GATEWAY}:4000`], [`${bob.host}:4000`]]);
    caller.tell({ name: 'hangup' });
    expect(leftovers({ world, site, ...centre })).toEqual(NOTHING);
  });

  it('[SS83] transfers to no other name, and nobody else does to that one', () => {
    const { world, site, ada, bob, caller, ...centre } = registered();
    for (const place of ['elsewhere.example', `${DOMAIN}:5062`]) {
      ada.tell({ name: 'transfer', to: `sip:7002@${place}` });
      world.run(500);
      expect(statuses(ada)).toEqual([403]);
    }
    ada.tell({ name: 'transfer', to: '7002' });
    world.run(1_000);
    bob.tell({ name: 'transfer', to: `sip:7001@${DOMAIN}` });
    world.run(500);
    expect(statuses(bob)).toEqual([403]);
    caller.tell({ name: 'hangup' });
    expect(leftovers({ world, site, ...centre })).toEqual(NOTHING);
  });

  it('[SS81] does so also where another server goes on', () => {
    const centre = centreWorld({}, { isFollowed: true });
    const { world, site, caller } = centre;
    const ada = centre.phone('7001', { domain: DOMAIN, answerAfterMs: 100 });
    const bob = centre.phone('7002', { answerAfterMs: 100 });
    caller.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    site.takeOver();
    world.run(100);
    ada.tell({ name: 'transfer', to: '7002' });
    world.run(1_000);
    expect(statuses(ada)).toEqual([100, 200]);
    expect(caller.hears()).toEqual([`${bob.host}:4000`]);
    caller.tell({ name: 'hangup' });
    expect(leftovers(centre)).toEqual(NOTHING);
  });
});

describe('a phone whose call was taken over from a dead site', () => {
  it('[SS81] [SS77] goes on naming that site, and what it means is served here: no call leaves for there', () => {
    const all = talking({ north: joinedTo(SOUTH), south: joinedTo(SERVER) });
    const { world, south, ada, caller } = all;
    const bob = all.phone('7002');
    die(all);
    world.run(20_000);
    logsInAtSouth(all);
    world.run(1_000);
    world.packets = [];
    for (const news of [ada, bob, caller]) news.news();
    ada.tell({ name: 'transfer', to: `sip:${OUTSIDE}@${SERVER}` });
    world.run(500);
    expect(asked(all).filter((each) => each.startsWith('INVITE'))).toContain(`INVITE ${GATEWAY}`);
    statuses(ada);
    bob.news();
    ada.tell({ name: 'transfer', to: `sip:7002@${SERVER}` });
    world.run(500);
    expect(bob.news()).toEqual(['ringing']);
    bob.tell({ name: 'answer' });
    world.run(500);
    expect(statuses(ada)).toEqual([100, 200]);
    expect([bob.hears(), caller.hears()]).toEqual([[`${GATEWAY}:4000`], [`${bob.host}:4000`]]);
    expect(asked(all)).not.toContain(`INVITE ${SERVER}`);
    caller.tell({ name: 'hangup' });
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });
});

describe('a phone that sends its callers elsewhere', () => {
  /** Cyd calls ada, whose phone answers 302 with this contact. */
  function redirected(contact: string) {
    const centre = centreWorld(joinedTo(SOUTH));
    const { world } = centre;
    const ada = new Peer(world, '7001', '10.0.1.1');
    ada.register({ expires: 600, domain: DOMAIN });
    ada.react = ({ type, ...event }) => {
      const headers = [['Contact', contact] as const];
      if (type === 'incoming' && 'leg' in event)
        ada.do(ada.userAgent.reject(world.now, event.leg, 302, { headers }));
    };
    const bob = centre.phone('7002');
    const cyd = centre.phone('7003');
    world.packets = [];
    cyd.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    const toSouth = world.packets.filter(({ to }) => to === SOUTH);
    return { ...centre, bob, cyd, toSouth };
  }

  it('[SS33] to a number by the name under which it has registered, or by the address of the other site, is followed here', () => {
    for (const place of [DOMAIN, SOUTH]) {
      const { bob, cyd, toSouth, ...centre } = redirected(`<sip:7002@${place}>`);
      expect([bob.news(), toSouth]).toEqual([['ringing'], []]);
      cyd.tell({ name: 'hangup' });
      expect(leftovers(centre)).toEqual(NOTHING);
    }
  });

  it('[SS33] [SS77] to a number outside by the address of the other site is not followed: that trunk is not for it', () => {
    const { cyd, toSouth, ...centre } = redirected(`<sip:${OUTSIDE}@${SOUTH}>`);
    expect([cyd.news(), toSouth]).toEqual([['dialing', 'ended refused 480'], []]);
    expect(leftovers(centre)).toEqual(NOTHING);
  });
});
