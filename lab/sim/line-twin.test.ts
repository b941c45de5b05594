import { describe, expect, it } from 'vitest';
import { LINE_DEFECTS } from './line-defects.ts';
import { inversionsOf, type LineFault, runLineTwin } from './line-twin.ts';

/** As many as the live scenario `queue-survives-site` has at full size. */
const WAITING = 500;
const FEW = 20;
/** The callers who come while the agents are busy stand in it too. */
const SOME = 100;

/** The queues of both sites are one pool: the agents of both serve the line in either world. */
const DISASTERS: readonly (readonly [string, number, LineFault])[] = [
  ['[AD2] the site of the line dies, and the other goes on with it', WAITING, 'site-kill'],
  ['[SS53] the primary is killed', WAITING, 'primary-kill'],
  [
    '[SS54] [AD13] the site of the line dies, and then the primary of the other',
    SOME,
    'site-and-primary-kill',
  ],
];

describe('a line is served in the order of its twin without a failure', () => {
  it.each(DISASTERS)('%s (%i callers)', { timeout: 300_000 }, (_, wanted, fault) => {
    const twin = runLineTwin(1, { fault, waiting: wanted, isPooled: true });
    expect(twin.failed).toBeUndefined();
    expect(twin.waiting).toBeGreaterThanOrEqual(wanted);
    const { waiting } = twin;
    expect(twin).toMatchObject({ offered: waiting, offeredInTwin: waiting, inversions: 0 });
    // All have one priority: that order is the order of coming, which is what the live scenario compares with.
    expect(twin.twinInversions).toBe(0);
    // Those who talked at the dead site talk on.
    if (fault !== 'primary-kill') expect(twin.adopted).toBeGreaterThan(0);
  });

  it('a standby that forgets the other site when it takes over is found (ME4): its callers wait in vain', {
    timeout: 120_000,
  }, () => {
    const fault = 'site-and-primary-kill';
    const lost = runLineTwin(1, { fault, waiting: FEW, isPooled: true, defect: 'other-site-forgotten' });
    expect(lost).toMatchObject({ failed: undefined, offered: 0, adopted: 0 });
    expect(lost.offeredInTwin).toBeGreaterThan(FEW);
  });

  it('a line that is turned round is found (ME4), at the other site by the twin, at a mate at once', {
    timeout: 120_000,
  }, () => {
    const defect = 'past-for-future';
    const elsewhere = runLineTwin(1, { fault: 'site-kill', waiting: FEW, defect });
    expect(elsewhere.failed).toBeUndefined();
    expect(elsewhere.inversions).toBeGreaterThan(FEW);
    expect(elsewhere.twinInversions).toBe(0);
    const atMate = runLineTwin(1, { fault: 'primary-kill', waiting: FEW, defect });
    expect(atMate.failed?.check).toBe(LINE_DEFECTS[defect]);
  });
});

it('counts the pairs that stand in another order, of those only who are in both', () => {
  expect(inversionsOf(['a', 'b', 'c'], ['a', 'b', 'c'])).toBe(0);
  expect(inversionsOf(['c', 'x', 'a', 'b'], ['a', 'b', 'c', 'y'])).toBe(2);
  expect(inversionsOf(['c', 'b', 'a'], ['a', 'b', 'c'])).toBe(3);
});
