import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SiteView } from '../stats/site-view.ts';
import type { Centre } from './centre.ts';
import { command, DNS, openedCentre, PEOPLE, QUEUES, run } from './centre-model.ts';
import { compareIdleAgents } from './queue.ts';

test('[AG17] [QU13] [CA11] whatever comes in whatever order, the invariants hold, each request is answered once, each call released once, and nothing is left', () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 20, maxLength: 120 }), (steps) => {
      const model = openedCentre();
      for (const step of steps) run(model, step);
      for (const connId of [...model.live.keys()])
        model.perform({ type: 'partyGone', connId, why: 'normal' });
      expect(model.live.size).toBe(0);
      expect(model.centre.callCount).toBe(0);
      for (const dn of DNS) model.perform({ type: 'phone', dn, inService: false });
      // One that goes on may have a deadline, also when nothing is left.
      model.perform({ type: 'shutdown', on: false, by: 'max', ...model.ask() });
      expect(model.centre.nextDeadline()).toBeUndefined();
      expect(model.centre.agents()).toEqual([]);
      expect(model.centre.allSnapshots(model.now).flatMap((snapshot) => snapshot.calls)).toEqual([]);
      for (const { offered, answered, abandoned, overflowed, released } of model.centre.counters()) {
        expect(offered).toBe(answered + abandoned + overflowed + released);
      }
    }),
    { numRuns: 250 },
  );
});

/** Whoever is still idle in the queue has not been idle longer than whoever rings. */
function expectLongestIdle(centre: Centre, rung: { dn: string; queue: string }): void {
  const { dns, queues } = centre.stateToCheck;
  const idleSince = dns.get(rung.dn)?.agent?.idleSince ?? 0;
  for (const other of queues.get(rung.queue)?.idle.items() ?? []) {
    expect(
      compareIdleAgents(other, { dn: rung.dn, idleSince }),
      `${other.dn} was idle before ${rung.dn}`,
    ).toBeGreaterThan(0);
  }
}

test('[QU1] [QU2] [QU3] whoever is rung is the most urgent of the queue, and whoever rings has been idle longest', () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 20, maxLength: 120 }), (steps) => {
      const model = openedCentre();
      const plain = model.watch.bind(model);
      model.watch = (effects) => {
        for (const [index, effect] of effects.entries()) {
          const after = effects[index + 1];
          const isOffer =
            effect.type === 'event' &&
            effect.name === 'EventDiverted' &&
            effect.dn.startsWith('6') &&
            effect.attributes.CallState === 'Ok';
          plain([effect]);
          if (!isOffer || after?.type !== 'event' || after.name !== 'EventRinging') continue;
          const chosen = model.live.get(effect.attributes.ConnID ?? '');
          if (chosen === undefined) throw new Error('an offer of a call that is over');
          for (const other of model.lineOf(effect.dn)) {
            const inverted =
              other.priority > chosen.priority ||
              (other.priority === chosen.priority && other.since < chosen.since);
            expect(inverted, `${other.connId} should have been served in ${effect.dn}`).toBe(false);
          }
        }
        for (const effect of effects) {
          if (effect.type !== 'ring' || model.rung.get(effect.connId) !== effect.dn) continue;
          const snapshot = model.centre.dnSnapshot(effect.dn, model.now);
          const offered = snapshot?.calls.find(
            (call) =>
              call.ConnID === effect.connId && call.state === 'Ringing' && call.ThisQueue !== undefined,
          );
          if (offered === undefined) continue;
          expect(snapshot).toMatchObject({
            inService: true,
            agent: { state: 'Ready', routable: true },
            calls: [offered],
          });
          expectLongestIdle(model.centre, { dn: effect.dn, queue: offered.ThisQueue ?? '' });
        }
      };
      for (const step of steps) run(model, step);
    }),
    { numRuns: 200 },
  );
});

test('[ST1] [ST6] [ST7] who follows the events knows at every moment what a snapshot would show', () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 20, maxLength: 120 }), (steps) => {
      const model = openedCentre();
      const objects = {
        persons: new Set<string>(PEOPLE),
        extensions: new Map(DNS.map((number) => [number, `place ${number}`])),
        queues: new Set<string>(QUEUES),
      };
      const afresh = () => {
        const view = new SiteView();
        view.configure(objects);
        view.snapshot(
          model.centre.allSnapshots(model.now),
          model.centre.queueSnapshots(model.now),
          model.now,
        );
        return view;
      };
      let followed = afresh();
      let isConfigured = true;
      const plain = model.watch.bind(model);
      model.watch = (effects) => {
        plain(effects);
        for (const effect of effects) if (effect.type === 'event') followed.event(effect, model.now);
        if (!isConfigured) return;
        const shown = afresh();
        for (const person of PEOPLE) {
          const { status, login } = followed.agent(person);
          expect({ status, login }).toEqual({
            status: shown.agent(person).status,
            login: shown.agent(person).login,
          });
        }
        for (const queue of QUEUES) expect(followed.queue(queue)).toEqual(shown.queue(queue));
      };
      for (const step of steps) {
        isConfigured = step.do !== 'configure';
        run(model, step);
        // The queues of a login may have become fewer, which no event tells: a Stat Server reads anew then.
        if (!isConfigured) followed = afresh();
      }
    }),
    { numRuns: 80 },
  );
});
