import { describe, expect, it } from 'vitest';
import { CALLER_NUMBER } from '../sip-server/testing/centre-world.ts';
import { Desk } from '../sip-server/testing/desk.ts';
import { callerAt, Peer, Phone } from '../sip-server/testing/people.ts';
import { GATEWAY } from '../sip-server/testing/server-site.ts';
import { World } from '../sip-server/testing/server-world.ts';
import { FitnessWatch, type Inside } from './fitness-watch.ts';
import { PairSite } from './testing/pair-site.ts';

const PROBES = { everyMs: 1_000, inARow: 3, silenceMs: 10_000 };

function pair() {
  const world = new World();
  const site = new PairSite(world, { probes: PROBES });
  world.run(5_000);
  const lines = () => site.logs.map(({ what }) => what);
  return { world, site, lines };
}

const NOTHING: Inside = { unassigned: () => undefined, phones: () => undefined, trunks: () => undefined };

describe('[GF1] [GF2] a primary calls itself, registers with itself and logs in to itself', () => {
  it('once in every period; a standby tries its disk alone', () => {
    const { world, site } = pair();
    site.probed.length = 0;
    world.run(1_000);
    expect([...site.probed].sort()).toEqual(['a call', 'a disk', 'a log-in', 'a register', 'b disk']);
  });

  it.each(['register', 'call', 'log-in'] as const)(
    '%s fails three times: the mate has the role, a call stands, and the reason is in the log',
    (probe) => {
      const { world, site, lines } = pair();
      const ada = new Phone(world, '7001', { answerAfterMs: 500 }).tell({ name: 'register' });
      const caller = callerAt(world, GATEWAY, CALLER_NUMBER);
      world.run(100);
      caller.tell({ name: 'call', to: '7001' });
      world.run(1_500);
      expect(ada.news()).toContain('established');
      site.failing.a.add(probe);
      world.run(5_000);
      expect(site.acting()).toEqual(['b']);
      expect(lines()).toEqual(expect.arrayContaining(['unfit', 'offers the role', 'held unfit']));
      expect(site.logs.find(({ what }) => what === 'offers the role')?.because).toContain(
        `FT3: it is unfit (${probe}`,
      );
      caller.tell({ name: 'hold' });
      world.run(500);
      expect(ada.news()).toEqual(['held remote']);
    },
  );

  it('a failure now and then moves nothing', () => {
    const { world, site } = pair();
    for (let i = 0; i < 20; i++) {
      site.failing.a.add('call');
      world.run(1_500);
      site.failing.a.clear();
      world.run(1_500);
    }
    expect(site.acting()).toEqual(['a']);
  });
});

describe('[GF6] what follows from a failing probe', () => {
  it('both fail: the role moves once, then after a minute, two, four …, also when who loses it is started anew', () => {
    const { world, site } = pair();
    for (const name of ['a', 'b'] as const) site.failing[name].add('register');
    const roles: string[] = [];
    for (let i = 0; i < 600; i++) {
      world.run(1_000);
      const [acting] = site.acting();
      if (acting === undefined || acting === roles.at(-1)) continue;
      roles.push(acting);
      if (roles.length === 1) continue;
      // As the arbiter of one host does it (PR7): the process has forgotten everything.
      const other = acting === 'a' ? 'b' : 'a';
      site.kill(other);
      site.start(other);
    }
    expect(roles.length).toBeGreaterThan(1);
    // Ten minutes: the first, and those that begin at about 0, 1, 3 and 7.
    expect(roles.length).toBeLessThanOrEqual(5);
  });

  it('without a mate that is ready it stays, says so once, and goes on serving', () => {
    const { world, site } = pair();
    site.kill('b');
    world.run(1_000);
    const max = new Desk(site, 'max');
    max.register();
    max.ask({ type: 'RegisterAll' });
    site.failing.a.add('call');
    world.run(20_000);
    expect(site.acting()).toEqual(['a']);
    const stays = site.logs.filter(({ what }) => what === 'unfit and stays primary');
    expect(stays).toHaveLength(1);
    expect(stays[0]?.because).toContain('There is no link to the mate.');
    const alarms = () =>
      max.replies.filter((reply) => reply.type === 'Alarm' && reply.name.startsWith('unfit'));
    expect(alarms()).toMatchObject([{ name: 'unfit: call', isRaised: true, because: expect.any(String) }]);
    site.failing.a.clear();
    world.run(5_000);
    expect(alarms().at(-1)).toMatchObject({ name: 'unfit: call', isRaised: false });
    expect(site.node('a').report(world.now).primary.ok).toBe(true);
  });

  it('an unfit standby says so, and is offered nothing', () => {
    const { world, site } = pair();
    site.failing.b.add('disk');
    world.run(5_000);
    const { upgrade } = site.node('a').report(world.now);
    expect(upgrade).toMatchObject({ ok: false, because: expect.stringContaining('disk') });
    site.failing.a.add('register');
    world.run(10_000);
    expect(site.acting()).toEqual(['a']);
    site.failing.b.clear();
    world.run(10_000);
    expect(site.acting()).toEqual(['b']);
  });

  it('a disk that both share fails at the standby first: the role stays where it is', () => {
    const { world, site } = pair();
    for (const name of ['a', 'b'] as const) site.failing[name].add('disk');
    world.run(60_000);
    expect(site.acting()).toEqual(['a']);
    expect(site.logs.map(({ what }) => what)).not.toContain('offers the role');
    expect(site.logs.filter(({ what }) => what === 'unfit and stays primary')).toHaveLength(1);
  });

  it('a disk that fails at the primary alone moves the role, and does not hold the member back once it is well', () => {
    const { world, site } = pair();
    site.failing.a.add('disk');
    world.run(8_000);
    expect(site.acting()).toEqual(['b']);
    expect(site.node('a').report(world.now).standby).toMatchObject({
      because: expect.stringContaining('disk'),
    });
    site.failing.a.clear();
    world.run(6_000);
    expect(site.node('a').report(world.now).standby.ok).toBe(true);
  });
});

describe('[GF3] callers who wait beside a free agent', () => {
  const look = (stalls: readonly (string | undefined)[]) => {
    const watch = new FitnessWatch(PROBES, 0);
    let now = 0;
    for (const connId of stalls) {
      now += PROBES.everyMs;
      const unassigned = () => (connId === undefined ? undefined : { connId, queue: '8000', dn: '7001' });
      for (const effect of watch.expire(now, { ...NOTHING, unassigned }))
        if (effect.type === 'probe') watch.probed(now, { ...effect, type: 'probed', ok: true, because: '' });
    }
    return watch.fitness.probes.assignment?.name;
  };

  it('the same caller, look after look: unfit', () => {
    expect(look(['c1', 'c1', 'c1', 'c1'])).toBe('failing');
  });

  it('another caller at each look is a queue that moves', () => {
    expect(look(['c1', 'c2', 'c3', 'c4', 'c5', 'c6'])).toBe('passing');
    expect(look(['c1', 'c1', undefined, 'c1', 'c1', undefined])).toBe('passing');
  });
});

describe('[GF4] a primary that nothing reaches any more', () => {
  const phones = (world: World, numbers: readonly string[]) =>
    numbers.map((number) => new Phone(world, number, { answerAfterMs: 500 }).tell({ name: 'register' }));

  it('asks phones when it has been quiet, and is content when one answers', () => {
    const { world, site } = pair();
    phones(world, ['7001', '7002', '7003']);
    world.run(60_000);
    expect(site.acting()).toEqual(['a']);
    expect(site.logs.map(({ what }) => what)).not.toContain('unfit');
  });

  it('nobody answers: its mate, whom they reach, has the role', () => {
    const { world, site } = pair();
    phones(world, ['7001', '7002', '7003']);
    world.run(1_000);
    site.isDeaf.a = true;
    world.run(40_000);
    expect(site.acting()).toEqual(['b']);
    const why = site.logs.find(({ what }) => what === 'offers the role')?.because;
    expect(why).toContain('3 phones are registered, nothing has come from any for');
    expect(site.logs.filter(({ what }) => what === 'offers the role')).toHaveLength(1);
  });

  it('calls go on coming over a trunk, and strangers speak: that shows nothing about the way from the phones', () => {
    const { world, site } = pair();
    phones(world, ['7001', '7002', '7003']);
    const gateway = new Peer(world, '9000', GATEWAY);
    const stranger = new Peer(world, '7001', '10.9.9.9');
    site.stillHeard.add(GATEWAY).add(stranger.host);
    world.run(1_000);
    site.isDeaf.a = true;
    const statuses = new Set<number>();
    for (let second = 0; second < 40 && site.acting()[0] === 'a'; second++) {
      statuses.add(gateway.request('OPTIONS'));
      statuses.add(stranger.request('REGISTER', { credentials: null }));
      world.run(800);
    }
    expect(site.acting()).toEqual(['b']);
    expect([...statuses]).toEqual(expect.arrayContaining([200, 401]));
  });

  it('what one phone sends of itself is enough, though none of the others answers', () => {
    const { world, site } = pair();
    phones(world, ['7001', '7002', '7003']);
    const other = new Peer(world, '7004', '10.0.1.4');
    world.run(1_000);
    expect(other.register({ expires: 3_600 })).toBe(200);
    site.stillHeard.add(other.host);
    site.isDeaf.a = true;
    for (let second = 0; second < 60; second++) {
      other.request('OPTIONS');
      world.run(900);
    }
    expect(site.acting()).toEqual(['a']);
  });

  it('one phone or two that are switched off say nothing about the primary', () => {
    const { world, site } = pair();
    phones(world, ['7001', '7002']);
    world.run(1_000);
    site.isDeaf.a = true;
    world.run(40_000);
    expect(site.acting()).toEqual(['a']);
  });
});

describe('[GF5] a primary without any trunk', () => {
  it('all that are asked are out of service: failing; one in service: not', () => {
    const watch = new FitnessWatch(PROBES, 0);
    const seen = (ok: boolean) => () => ({ ok, because: '2 of 2 trunks' });
    for (let now = 1_000; now <= 3_000; now += 1_000) watch.expire(now, { ...NOTHING, trunks: seen(false) });
    expect(watch.fitness.probes.trunks?.name).toBe('failing');
    for (let now = 4_000; now <= 6_000; now += 1_000) watch.expire(now, { ...NOTHING, trunks: seen(true) });
    expect(watch.fitness.probes.trunks?.name).toBe('passing');
  });
});

it('[GF7] a round that is late is left out: whoever was stopped learns nothing about itself by that', () => {
  const watch = new FitnessWatch(PROBES, 0);
  let now = 0;
  for (let round = 0; round < 20; round++) {
    now = watch.nextDeadline() + PROBES.everyMs / 2 + 1;
    watch.expire(now, NOTHING);
  }
  expect(watch.fitness.probes).toEqual({});
  // In time, silence counts.
  for (let round = 0; round < 4; round++) watch.expire(watch.nextDeadline(), NOTHING);
  expect(watch.fitness.probes.call?.name).toBe('failing');
});
