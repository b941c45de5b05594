/** For tests: two user agents that live over a link which loses, repeats and reorders, and whose processes may die. */
import { randomInteger, seededRandom } from '@holdfast/kernel';
import type { LegId } from '../user-agent-types.ts';
import { ANSWER, OFFER, Scenario, type Side, text } from './scenario.ts';

/** Loses one message in five, repeats one in ten, and delays each by 1 to 120 ms, so that they overtake each other. */
function badLink(seed: number, isBad: () => boolean) {
  const random = seededRandom(seed);
  const delay = () => randomInteger(random, 1, 120);
  return () => {
    if (!isBad()) return [1];
    if (random() < 0.2) return [];
    return random() < 0.1 ? [delay(), delay()] : [delay()];
  };
}

/**
 * Both owners do at random what owners do, for 20 s; then the link heals. `takeovers` is how probable it is, in each
 * of 40 turns, that the process of either side dies and its mate goes on.
 */
export function live(seed: number, takeovers = 0): Scenario {
  const random = seededRandom(seed + 5_000);
  const s: Scenario = new Scenario({
    seed,
    link: badLink(seed, () => s.now < 20_000),
    isFollowed: takeovers > 0,
  });
  const legs: Record<Side, Set<LegId>> = { alice: new Set(), bob: new Set() };
  for (const side of ['alice', 'bob'] as const) {
    s.on(side, 'incoming', ({ leg }) => {
      legs[side].add(leg);
      if (random() < 0.7)
        s.act(side, (agent, now) => agent.ring(now, leg, { status: 180, reliable: random() < 0.5 }));
      if (random() < 0.2)
        s.act(side, (agent, now) => agent.ring(now, leg, { status: 183, sdp: ANSWER, reliable: true }));
      if (random() < 0.6) s.act(side, (agent, now) => agent.answer(now, leg, { sdp: ANSWER }));
      else if (random() < 0.3) s.act(side, (agent, now) => agent.reject(now, leg, 486));
    });
    s.on(side, 'answered', ({ leg }) => s.act(side, (agent, now) => agent.acknowledge(now, leg, ANSWER)));
    s.on(side, 'progress', ({ leg }) => s.act(side, (agent, now) => agent.acknowledge(now, leg, ANSWER)));
    s.on(side, 'offer', ({ leg }) => {
      const choice = randomInteger(random, 0, 24);
      if (choice < 20) s.act(side, (agent, now) => agent.acceptOffer(now, leg, ANSWER));
      else if (choice < 24) s.act(side, (agent, now) => agent.rejectOffer(now, leg, choice < 22 ? 491 : 488));
    });
    s.on(side, 'offerAnswered', ({ leg }) =>
      s.act(side, (agent, now) => agent.acknowledge(now, leg, ANSWER)),
    );
    s.on(side, 'inDialogRequest', ({ transaction }) => {
      if (random() < 0.9) s.act(side, (agent, now) => agent.respond(now, transaction, 200));
    });
  }
  for (let turn = 0; turn < 40; turn++) {
    s.run(s.now + randomInteger(random, 1, 900));
    if (takeovers > 0 && random() < takeovers) s.takeOver(random() < 0.5 ? 'alice' : 'bob');
    const side: Side = random() < 0.5 ? 'alice' : 'bob';
    const known = [...s.ends[side].legs()];
    const leg = known[randomInteger(random, 0, Math.max(0, known.length - 1))];
    if (leg === undefined || random() < 0.2) {
      const reliableProvisionals = random() < 0.5 ? 'supported' : 'none';
      s.invite(side, random() < 0.8 ? { sdp: OFFER, reliableProvisionals } : { reliableProvisionals });
      continue;
    }
    s.act(side, (agent, now) => {
      const choice = randomInteger(random, 0, 6);
      if (choice === 0) return agent.reinvite(now, leg, random() < 0.8 ? text(`v=0 ${turn}`) : undefined);
      if (choice === 1) return agent.update(now, leg, random() < 0.6 ? text(`v=0 ${turn}`) : undefined);
      if (choice === 2) return agent.sendInDialog(now, leg, 'INFO');
      if (choice === 3) return agent.answer(now, leg, { sdp: ANSWER });
      if (choice === 4)
        return random() < 0.4 ? agent.cancel(now, leg) : agent.ring(now, leg, { status: 180 });
      if (choice === 5) return random() < 0.4 ? agent.bye(now, leg) : agent.acknowledge(now, leg, ANSWER);
      return random() < 0.3
        ? agent.reject(now, leg, 603)
        : agent.ring(now, leg, { status: 183, reliable: true });
    });
  }
  s.run(Math.max(s.now, 20_000) + 70_000);
  return s;
}

/** Call-IDs of the calls that stand on this side. */
export function standing(s: Scenario, side: Side): (string | undefined)[] {
  return [...s.ends[side].legs()]
    .map((leg) => s.ends[side].legInfo(leg))
    .filter((info) => info?.state === 'established')
    .map((info) => info?.dialog?.callId)
    .sort();
}

/** Everybody hangs up, and all timers run out. */
export function hangUp(s: Scenario): void {
  for (const side of ['alice', 'bob'] as const) {
    for (const leg of [...s.ends[side].legs()]) s.act(side, (agent, now) => agent.bye(now, leg));
  }
  s.run(s.now + 150_000);
}

/** How often each leg of this side has ended. */
export function endsOf(s: Scenario, side: Side): Map<LegId, number> {
  const ends = new Map<LegId, number>();
  for (const event of s.events[side]) {
    if (event.type === 'failed' || event.type === 'ended' || event.type === 'cancelled')
      ends.set(event.leg, (ends.get(event.leg) ?? 0) + 1);
  }
  return ends;
}
