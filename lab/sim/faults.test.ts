import { seededRandom } from '@holdfast/kernel';
import { describe, expect, it } from 'vitest';
import { FAULT_NAMES, type Fault, OVERLAP_MIN, overlapOf, planFaults } from './faults.ts';
import { injectFaults } from './inject-faults.ts';
import { ProbeProgram } from './probe-program.ts';
import type { Process } from './process.ts';
import { World } from './world.ts';

const OPTIONS = { healAt: 180_000, faultsMin: 4, faultsMax: 12, names: FAULT_NAMES };

describe('a plan of faults', () => {
  it('has at least three that overlap, and all end by the time of healing', () => {
    for (let seed = 0; seed < 500; seed++) {
      const plan = planFaults(seededRandom(seed), OPTIONS);
      expect(overlapOf(plan)).toBeGreaterThanOrEqual(OVERLAP_MIN);
      for (const fault of plan.faults) {
        expect(fault.at).toBeGreaterThanOrEqual(0);
        expect(fault.until).toBeGreaterThan(fault.at);
        expect(fault.until).toBeLessThanOrEqual(OPTIONS.healAt);
      }
    }
  });

  it('is the same for the same seed', () => {
    expect(planFaults(seededRandom(9), OPTIONS)).toEqual(planFaults(seededRandom(9), OPTIONS));
  });

  it('meets every kind of fault within a hundred seeds', () => {
    const met = new Set<string>();
    for (let seed = 0; seed < 100; seed++) {
      for (const fault of planFaults(seededRandom(seed), OPTIONS).faults) met.add(fault.name);
    }
    expect([...met].sort()).toEqual([...FAULT_NAMES].sort());
  });
});

function twoSites(): {
  world: World;
  processes: Process[];
  run: (faults: Fault[], until: number) => Map<string, number>;
} {
  const world = new World(1);
  const add = (name: string) => {
    const process = world.addProcess(
      name,
      world.addHost(name),
      (self, now) => new ProbeProgram(self, now, 100),
    );
    world.start(process);
    return process;
  };
  const [north, south, desk, phone] = [add('north'), add('south'), add('desk'), add('phone')];
  const site = (process: Process) => ({
    name: process.name,
    hosts: [process.host],
    processes: [process],
    sipServer: process,
    shutDown: () => true,
  });
  const targets = { sites: [site(north), site(south)], desks: [desk], phones: [phone] };
  const run = (faults: Fault[], until: number) => {
    const counts = new Map<string, number>();
    injectFaults(world, { faults, healAt: until }, targets, counts);
    world.run(until);
    return counts;
  };
  return { world, processes: [north, south, desk, phone], run };
}

describe('faults', () => {
  it('of every kind are undone when all have ended', () => {
    for (let seed = 0; seed < 200; seed++) {
      const { world, processes, run } = twoSites();
      const plan = planFaults(seededRandom(seed), { ...OPTIONS, healAt: 20_000 });
      run([...plan.faults], 20_001);
      expect(processes.map((process) => process.state)).toEqual(processes.map(() => 'running'));
      for (const a of world.hosts) {
        for (const b of world.hosts) if (a !== b) expect(world.net.isCut(a, b)).toBe(false);
      }
      expect(world.failure).toBeUndefined();
    }
  });

  it('that overlap on one process hold it until the last has ended', () => {
    const { world, processes, run } = twoSites();
    const fault = (name: Fault['name'], at: number, until: number): Fault => ({
      name,
      at,
      until,
      pick: 0,
      size: 0.5,
    });
    const counts = run(
      [fault('site-kill', 10, 50), fault('sip-server-kill', 20, 100), fault('site-pause', 120, 200)],
      60,
    );
    expect(processes[0]?.state).toBe('dead');
    world.run(110);
    expect(processes[0]?.state).toBe('running');
    world.run(150);
    expect(processes[0]?.state).toBe('paused');
    world.run(210);
    expect(processes[0]?.state).toBe('running');
    expect(Object.fromEntries(counts)).toEqual({ 'site-kill': 1, 'sip-server-kill': 1, 'site-pause': 1 });
  });

  it('that suspend one host twice at once put its clock back only once', () => {
    const { processes, run } = twoSites();
    const [north] = processes;
    const before = north?.now() ?? 0;
    const fault = (at: number, until: number): Fault => ({
      name: 'suspension',
      at,
      until,
      pick: 0,
      size: 0.5,
    });
    run([fault(1_000, 5_000), fault(3_000, 9_000)], 10_000);
    // Ten seconds have passed, of which the host slept eight.
    expect((north?.now() ?? 0) - before).toBeCloseTo(2_000, 0);
  });
});
