import { fromRecord, type HeldRecord, type Plain } from '@holdfast/kernel';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Centre } from './centre.ts';
import { command, type Model, openedCentre, RINGS_ON_MS, run } from './centre-model.ts';
import type { CentreEffect } from './centre-types.ts';
import { checkCentre } from './check-centre.ts';
import { Conversation, SITE } from './transcript.ts';

const CLOCKS_APART = 7_654_321;

/** Follows a centre as a mate would: only by what changes, and only by what survives JSON. */
class Follower {
  readonly records = new Map<string, HeldRecord>();

  follow(centre: Centre, now: number): void {
    for (const key of centre.takeChanges()) {
      const value = centre.record(key, now);
      if (value === undefined) this.records.delete(key);
      else
        this.records.set(key, {
          value: JSON.parse(JSON.stringify(value)) as Plain,
          heldAt: now + CLOCKS_APART,
        });
    }
  }
}

/** The order in which the configuration came to name them is nobody's business. */
function byDN<Item extends { readonly dn: string }>(items: readonly Item[]): Item[] {
  return [...items].sort((a, b) => (a.dn < b.dn ? -1 : 1));
}

function seen({ centre, now }: Pick<Model, 'centre' | 'now'>): unknown {
  return {
    dns: byDN(centre.allSnapshots(now)),
    queues: byDN(centre.queueSnapshots(now)),
    counters: byDN(centre.counters()),
    isShuttingDown: centre.isShuttingDown,
  };
}

test('[MC1] [MC2] [MC4] wherever another server goes on, from records alone, it shows the same and keeps every promise', () => {
  fc.assert(
    fc.property(
      fc.array(command, { minLength: 10, maxLength: 60 }),
      fc.array(command, { minLength: 10, maxLength: 60 }),
      (before, after) => {
        const model = openedCentre();
        const follower = new Follower();
        const plain = model.watch.bind(model);
        model.watch = (effects) => {
          plain(effects);
          follower.follow(model.centre, model.now);
        };
        follower.follow(model.centre, model.now);
        for (const step of before) run(model, step);
        const was = seen(model);
        const held = new Map(follower.records);
        const told = model.watch;
        const onLoad: CentreEffect[] = [];
        model.watch = (effects) => onLoad.push(...effects);
        model.takeOver(held, CLOCKS_APART);
        model.watch = told;
        expect(onLoad.filter((effect) => effect.type !== 'log')).toEqual([]);
        expect(checkCentre(model.centre)).toEqual([]);
        expect(seen(model)).toEqual(was);
        for (const step of after) run(model, step);
        for (const connId of [...model.live.keys()])
          model.perform({ type: 'partyGone', connId, why: 'normal' });
        expect(model.centre.callCount).toBe(0);
      },
    ),
    { numRuns: 250 },
  );
});

/** A conversation, and the one that another server would go on with at this moment. */
function takenOver(script: string): Conversation {
  const former = new Conversation();
  const follower = new Follower();
  former.tell({ type: 'configured', configuration: SITE });
  for (const line of script.trim().split('\n')) former.say(line.trim());
  follower.follow(former.centre, former.now);
  const next = new Conversation();
  next.now = former.now + CLOCKS_APART;
  next.tell({ type: 'configured', configuration: SITE });
  next.centre.load(next.now, follower.records, RINGS_ON_MS);
  return next;
}

test('[MC2] timers go on where they were: no answer, after-call work, the longest wait', () => {
  const ringing = takenOver(`
    phone 1001 up
    login 1001 ann mode=AutoIn
    call k1 +49 6000
    wait 9000`);
  expect(ringing.say('routable 1001 yes')).toEqual([]);
  expect(ringing.say('wait 5999')).toEqual([]);
  expect(ringing.say('wait 1')).toContain('withdraw k1 1001 no-answer');

  const wrappingUp = takenOver(`
    phone 1003 up
    login 1003 cid mode=AutoIn
    call k1 +49 6000
    answer k1 1003
    gone k1
    wait 4000`);
  expect(wrappingUp.say('wait 5999')).toEqual([]);
  expect(wrappingUp.say('wait 1')).toEqual(['1003 AgentReady AutoIn']);

  const waiting = takenOver(`
    call k1 +49 6002
    wait 12000`);
  expect(waiting.say('wait 7999')).toEqual([]);
  expect(waiting.say('wait 1')[0]).toBe('6002 Diverted k1 Overflowed');
});

test('[MC3] nobody is rung anew before a lease is shown; a phone that rings rings on, for the length of a lease', () => {
  const shown = takenOver(`
    phone 1001 up
    login 1001 ann mode=AutoIn
    call k1 +49 6000`);
  expect(shown.say('call k2 +50 6000')).toEqual([
    '6000 Queued k2',
    'treat k2 music',
    '6000 TreatmentApplied k2',
  ]);
  expect(shown.say('wait 3000')).toEqual([]);
  expect(shown.say('routable 1001 yes')).toEqual([]);
  expect(shown.say('wait 6000')).toEqual([]);
  expect(shown.say('answer k1 1001')).toContain('1001 Established k1');

  const notShown = takenOver(`
    phone 1001 up
    login 1001 ann mode=AutoIn
    call k1 +49 6000`);
  expect(notShown.say(`wait ${RINGS_ON_MS - 1}`)).toEqual([]);
  expect(notShown.say('wait 1')).toEqual([
    '1001 Released k1 Redirected',
    'withdraw k1 1001 lease',
    '6000 Queued k1',
    'treat k1 music',
    '6000 TreatmentApplied k1',
  ]);
});

test('[MC5] what our configuration does not know is not taken over: its caller is refused, and the log says so', () => {
  const former = new Conversation();
  const follower = new Follower();
  former.tell({ type: 'configured', configuration: SITE });
  for (const line of ['phone 1002 up', 'login 1002 bob', 'call k1 +49 6001']) former.say(line);
  follower.follow(former.centre, former.now);
  const centre = new Centre();
  const dns = SITE.dns.filter((dn) => dn.number !== '6001' && dn.number !== '1002');
  centre.handle(0, { type: 'configured', configuration: { ...SITE, dns } });
  const effects = centre.load(0, follower.records, RINGS_ON_MS);
  expect(effects).toContainEqual(expect.objectContaining({ type: 'release', connId: 'k1', status: 480 }));
  expect(effects).toContainEqual(expect.objectContaining({ type: 'log' }));
  expect(centre.agents()).toEqual([]);
  expect(checkCentre(centre)).toEqual([]);
});

test('[MC4] only what has changed is told, once, and what is gone leaves no record', () => {
  const talk = new Conversation();
  talk.tell({ type: 'configured', configuration: SITE });
  talk.centre.takeChanges();
  talk.say('phone 1001 up');
  talk.say('login 1001 ann');
  expect(talk.centre.takeChanges().sort()).toEqual(['dn/1001', 'person/ann']);
  expect(talk.centre.takeChanges()).toEqual([]);
  talk.say('call k1 +49 6000');
  expect(talk.centre.takeChanges().sort()).toEqual(['call/k1', 'queue/6000']);
  talk.say('gone k1');
  expect(talk.centre.takeChanges().sort()).toEqual(['call/k1', 'queue/6000']);
  expect(talk.centre.record('call/k1', talk.now)).toBeUndefined();
  expect(fromRecord(talk.centre.record('person/ann', 0) ?? null, 0)).toEqual({ number: 1, desk: 'desk-ann' });
});
