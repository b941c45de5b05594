import { describe, expect, it } from 'vitest';
import { Desk } from '../sip-server/testing/desk.ts';
import { configurationOf, Site } from '../sip-server/testing/server-site.ts';
import { World } from '../sip-server/testing/server-world.ts';

const PROBES = { everyMs: 1_000, inARow: 3, silenceMs: 10_000 };

/** A server that has no mate, and Max, who watches. */
function alone({ isProbed = true } = {}) {
  const world = new World();
  const site = new Site(world, configurationOf({ probes: PROBES }), {
    isLed: true,
    ...(isProbed && { probe: { credentials: {} } }),
  });
  const max = new Desk(site, 'max');
  max.register();
  max.ask({ type: 'RegisterAll' });
  const alarms = () => max.replies.filter(({ type }) => type === 'Alarm');
  const lines = () => site.logs.map(({ what }) => what);
  return { world, site, alarms, lines };
}

describe('[GF6] [HR1] a server without a mate tries whether it does its work', () => {
  it('all that a primary tries, once in every period', () => {
    const { world, site } = alone();
    site.probed.length = 0;
    world.run(1_000);
    expect([...site.probed].sort()).toEqual(['call', 'disk', 'log-in', 'register']);
    expect(site.report().primary).toEqual({ ok: true });
  });

  it.each(['register', 'call', 'log-in'] as const)(
    '%s fails three times: an alarm, a line and a figure, and it is not ready until it is fit again',
    (probe) => {
      const { world, site, alarms, lines } = alone();
      site.failing.add(probe);
      world.run(2_500);
      expect([site.report().primary.ok, alarms()]).toEqual([true, []]);
      world.run(2_500);
      expect(site.report().primary).toMatchObject({ ok: false, because: expect.stringContaining(probe) });
      expect(alarms()).toMatchObject([{ name: `unfit: ${probe}`, isRaised: true }]);
      expect(lines()).toContain('unfit');
      const unfit = site.report().metrics.find(({ name }) => name === 'holdfast_unfit')?.figures;
      expect(unfit?.filter(({ value }) => value === 1)).toMatchObject([{ labels: { probe } }]);
      site.failing.clear();
      world.run(5_000);
      expect(site.report().primary).toEqual({ ok: true });
      expect(alarms().slice(1)).toMatchObject([{ name: `unfit: ${probe}`, isRaised: false }]);
      expect(lines()).toContain('fit again');
    },
  );

  it('one that cannot try itself, because it holds no secret, tries nothing', () => {
    const { world, site } = alone({ isProbed: false });
    world.run(10_000);
    expect(site.probed).toEqual([]);
    expect(site.report().primary).toEqual({ ok: true });
  });
});
