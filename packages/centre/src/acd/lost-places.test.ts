import type { HeldRecord } from '@holdfast/kernel';
import { describe, expect, test } from 'vitest';
import { Centre } from './centre.ts';
import type { CentreInput, PartyRelease } from './centre-types.ts';
import { checkCentre } from './check-centre.ts';
import { LOST_PLACES_MAX } from './lost-places.ts';
import { SITE } from './transcript.ts';

const WINDOW_MS = 60_000;
const CONFIGURED: CentreInput = {
  type: 'configured',
  configuration: { ...SITE, lostPlaceWindowMs: WINDOW_MS },
};

/** A centre with a clock; nobody is logged in, so that callers wait. */
class Queue {
  centre = new Centre();
  now = 0;
  #calls = 0;
  /** What the log said of places kept. */
  readonly kept: unknown[] = [];

  constructor(configured = CONFIGURED) {
    this.#tell(configured);
  }

  #tell(input: CentreInput): void {
    for (const effect of this.centre.handle(this.now, input))
      if (effect.type === 'log' && effect.line.what === 'place in line kept')
        this.kept.push(effect.line.detail);
    expect(checkCentre(this.centre)).toEqual([]);
  }

  call(ani: string, to = '6000', more: { waitedMs?: number } = {}): string {
    const connId = `k${++this.#calls}`;
    const from = { ani, trunk: 'trunk' };
    this.#tell({ type: 'callStarted', connId, from, to, userData: {}, ...more });
    return connId;
  }

  gone(connId: string, why: PartyRelease): void {
    this.#tell({ type: 'partyGone', connId, why });
  }

  /** For how long each caller has waited, the first in line first, s. */
  line(dn = '6000'): string[] {
    const queue = this.centre.queueSnapshots(this.now).find((each) => each.dn === dn);
    return (queue?.waiting ?? []).map(({ ANI, waitedMs }) => `${ANI} ${Math.round(waitedMs / 1_000)}`);
  }
}

/** One caller has waited 30 s, another 10 s. */
function waiting(): { queue: Queue; first: string } {
  const queue = new Queue();
  const first = queue.call('+4930');
  queue.now += 20_000;
  queue.call('+4940');
  queue.now += 10_000;
  return { queue, first };
}

describe('the place in line of a caller who was lost', () => {
  test('[AD7] is kept for the next call from there to the same number, once, with the time waited', () => {
    const { queue, first } = waiting();
    queue.gone(first, 'lost');
    expect(queue.line()).toEqual(['+4940 10']);
    queue.now += 15_000;
    const again = queue.call('+4930');
    // What lay between counts for nothing.
    expect(queue.line()).toEqual(['+4930 30', '+4940 25']);
    expect(queue.kept).toEqual([{ waitedMs: 30_000 }]);
    queue.gone(again, 'normal');
    queue.call('+4930');
    expect(queue.line()).toEqual(['+4940 25', '+4930 0']);
  });

  test('[AD7] not of one who hung up, from another number, to another number, or when the window is over', () => {
    const hungUp = waiting();
    hungUp.queue.gone(hungUp.first, 'normal');
    hungUp.queue.call('+4930');
    expect(hungUp.queue.line()).toEqual(['+4940 10', '+4930 0']);
    const { queue, first } = waiting();
    queue.gone(first, 'lost');
    queue.call('+4950');
    queue.call('+4930', '6001');
    expect([queue.line(), queue.line('6001')]).toEqual([['+4940 10', '+4950 0'], ['+4930 0']]);
    queue.now += WINDOW_MS;
    queue.call('+4930');
    expect(queue.line().at(-1)).toBe('+4930 0');
    expect(queue.kept).toEqual([]);
  });

  test('[AD7] not of numbers from which more than one leg was lost, or that are withheld', () => {
    const { queue, first } = waiting();
    const second = queue.call('+4930');
    queue.gone(first, 'lost');
    queue.gone(second, 'lost');
    queue.call('+4930');
    for (const withheld of ['anonymous', 'Anonymous', 'unavailable', '']) {
      const connId = queue.call(withheld);
      queue.now += 5_000;
      queue.gone(connId, 'lost');
      queue.call(withheld);
    }
    expect(queue.kept).toEqual([]);
  });

  test('[AD7] not where the option is 0, and not of one who was talking or only ringing', () => {
    const queue = new Queue({ type: 'configured', configuration: SITE });
    const first = queue.call('+4930');
    queue.now += 10_000;
    queue.gone(first, 'lost');
    queue.call('+4930');
    expect(queue.line()).toEqual(['+4930 0']);
  });

  test('[AD7] a caller who waited at the other site brings the time along', () => {
    const { queue } = waiting();
    queue.call('+4960', '6000', { waitedMs: 25_000 });
    expect(queue.line()).toEqual(['+4930 30', '+4960 25', '+4940 10']);
  });

  test('[AD7] [MC1] another server goes on with the places, and only so many are kept', () => {
    const { queue, first } = waiting();
    queue.gone(first, 'lost');
    const records = [...queue.centre.recordKeys()].flatMap((key): [string, HeldRecord][] => {
      const value = queue.centre.record(key, queue.now);
      return value === undefined
        ? []
        : [[key, { value: JSON.parse(JSON.stringify(value)), heldAt: queue.now }]];
    });
    queue.centre = new Centre();
    queue.centre.handle(queue.now, CONFIGURED);
    queue.centre.load(queue.now, records, 1_000);
    queue.call('+4930');
    expect(queue.line()).toEqual(['+4930 30', '+4940 10']);
    for (let number = 0; number < LOST_PLACES_MAX + 50; number++)
      queue.gone(queue.call(`+1${number}`), 'lost');
    const keys = [...queue.centre.recordKeys()].filter((key) => key.startsWith('place/'));
    expect(keys).toHaveLength(LOST_PLACES_MAX);
    queue.centre.takeChanges();
    queue.call('+10');
    expect(queue.kept).toHaveLength(1);
  });
});
