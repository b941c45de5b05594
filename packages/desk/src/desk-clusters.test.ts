/** Clusters of Configuration Servers and of Stat Servers at each site (S0), lost node by node and as a whole. */
import { describe, expect, it } from 'vitest';
import { World, type WorldOptions } from './test-world.ts';

const LINKS = [
  ['configuration', ['config-1', 'config-2', 'config-3']],
  ['statistics', ['stat-1', 'stat-2', 'stat-3']],
] as const;

describe.each(LINKS)('a cluster of the link to %s', (kind, nodes) => {
  function ready(options: WorldOptions = {}): World {
    const clusters = { clusterNodes: nodes.length, statNodes: nodes.length };
    const world = new World({ ...clusters, ...options }).tell({ type: 'ready' }).run(1_000);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
    expect(world.link(kind)).toMatchObject({ site: 'north', state: 'on' });
    return world;
  }

  it('[DS16] Workspace: lost as a whole, the link goes to the cluster of the other site after the time-out', () => {
    const world = ready()
      .kill('north', ...nodes)
      .run(4_900);
    expect(world.link(kind)).toMatchObject({ site: 'north', state: 'off' });
    world.run(600);
    expect(world.link(kind)).toMatchObject({ site: 'south', state: 'on' });
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north', alarms: [] });
    expect(world.decisions(`move the ${kind} link`)).toMatchObject([
      { because: { option: { name: 'disaster-recovery.timeout', value: '5 s' } } },
    ]);
  });

  it('[DS16] third-party: lost as a whole, it is told and moves nothing', () => {
    const world = ready({ family: 'agent-desktop' })
      .kill('north', ...nodes)
      .run(60_000);
    expect(world.link(kind)).toMatchObject({ site: 'north', state: 'off' });
    expect(world.view).toMatchObject({ site: 'north', alarms: [{ name: `${kind}-link-lost` }] });
  });

  it('[DS16] as long as one node lives, whichever it is, the link stays and nobody is told anything', () => {
    for (const living of nodes) {
      const dead = nodes.filter((node) => node !== living);
      const world = ready()
        .kill('north', ...dead)
        .run(20_000);
      expect(world.link(kind)).toMatchObject({ site: 'north', state: 'on' });
      expect(world.effectsOf('alarm')).toEqual([]);
      expect(world.decisions(`move the ${kind} link`)).toEqual([]);
    }
  });
});
