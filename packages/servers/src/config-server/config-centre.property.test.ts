/**
 * Two Configuration Servers, their store and four proxies, of which each dies and comes back while people edit at all of them: what was
 * acknowledged is in the log, everybody ends with the same, and nobody is told anything that is not so.
 */
import type { ConfigReply } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { askOnce, ConfigCentre } from './testing/config-centre.ts';

const SEEDS = 8;
const EDITS = 40;
/** Between two edits, and between two faults. */
const EDIT_EVERY_MS = 300;
const FAULT_EVERY_MS = 1_100;
const HEAL_MS = 12_000;

interface Seen {
  readonly acknowledged: string[];
  readonly refused: number;
  readonly faults: number;
}

function play(centre: ConfigCentre): Seen {
  const acknowledged: string[] = [];
  let [refused, faults, nextFaultAt] = [0, 0, FAULT_EVERY_MS];
  const pick = <One>(all: readonly One[]) => all[Math.floor(all.length * centre.random())] as One;
  centre.run(5_000);
  for (let count = 0; count < EDITS; count++) {
    const name = `edit ${count}`;
    const door = pick([...centre.processes.values()]);
    const agent = `agent700${1 + Math.floor(4 * centre.random())}`;
    const edits = [{ key: `Person/${agent}`, patch: { displayName: name } }];
    const told = ({ type }: ConfigReply) => {
      if (type === 'Edited') acknowledged.push(name);
      else refused += 1;
    };
    askOnce(centre, door, { type: 'Edit', ReferenceID: 7, dryRun: false, edits }, told);
    centre.run(EDIT_EVERY_MS);
    if (centre.now < nextFaultAt) continue;
    nextFaultAt = centre.now + FAULT_EVERY_MS;
    faults += 1;
    if (centre.random() < 0.25) {
      centre.store.isAway = true;
      centre.later(
        () => {
          centre.store.isAway = false;
        },
        200 + 3_000 * centre.random(),
      );
      continue;
    }
    const victim = pick([...centre.processes.values()].filter(({ isAlive }) => isAlive));
    victim.kill();
    centre.later(() => victim.start(), 100 + 2_500 * centre.random());
  }
  centre.run(HEAL_MS);
  return { acknowledged, refused, faults };
}

test('[CX5] [CX7] [CW1] edits at every process of a centre whose processes die: nothing acknowledged is lost, and all end alike', () => {
  const total = { acknowledged: 0, refused: 0, faults: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const centre = new ConfigCentre(seed);
    const { acknowledged, refused, faults } = play(centre);
    const written = centre.store.entries.flatMap(({ changes }) =>
      changes.map(({ after }) => (after?.objectType === 'Person' ? after.displayName : '')),
    );
    expect(new Set(written).size, `seed ${seed}: nothing is written twice`).toBe(written.length);
    for (const name of acknowledged) expect(written, `seed ${seed}`).toContain(name);
    const numbers = centre.store.entries.map(({ revision: { number } }) => number);
    expect(numbers, `seed ${seed}`).toEqual(numbers.map((_, index) => index + 1));
    const wanted = centre.stored();
    for (const { name, configuration } of centre.processes.values()) {
      expect(configuration?.revision, `seed ${seed}: ${name}`).toBe(wanted.revision);
      expect(configuration?.digest, `seed ${seed}: ${name}`).toBe(wanted.digest);
    }
    total.acknowledged += acknowledged.length;
    total.refused += refused;
    total.faults += faults;
  }
  // Without these it would have seen nothing.
  expect(total.acknowledged).toBeGreaterThan(SEEDS * EDITS * 0.3);
  expect(total.refused).toBeGreaterThan(SEEDS);
  expect(total.faults).toBeGreaterThan(5 * SEEDS);
});
