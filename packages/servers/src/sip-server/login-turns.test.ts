import { describe, expect, it } from 'vitest';
import { BURST_MS, LoginTurns, TURN_KEPT_MS, TURNS_MAX } from './login-turns.ts';
import { centreWorld } from './testing/centre-world.ts';
import { Desk } from './testing/desk.ts';

const RATE = { rate: 200, hasCall: false };
const EVERY_MS = 5;
const BURST = BURST_MS / EVERY_MS + 1;

/** So many ask at `now`, each for the first time. */
function ask(turns: LoginTurns, count: number, now = 0): number[] {
  return Array.from({ length: count }, (_, n) => turns.ask(now, `agent ${now} ${n}`, RATE));
}

describe('the turns of many log-ins at once', () => {
  it('[SS80] a burst goes on; then each gets its turn in the order of asking, without a gap', () => {
    const waits = ask(new LoginTurns(), 500);
    expect(waits.slice(0, BURST).every((wait) => wait === 0)).toBe(true);
    const turns = waits.slice(BURST);
    expect(turns).toEqual(turns.map((_, n) => EVERY_MS * (n + 1)));
    // 500 agents at 200 a second: all are in within two and a half seconds.
    expect(waits.at(-1)).toBeLessThan(2_500);
  });

  it('[SS80] whoever comes at their turn is let in, too early is told the rest, much too late anew', () => {
    const turns = new LoginTurns();
    const waits = ask(turns, 150);
    const wait = waits[149] ?? 0;
    expect(wait).toBeGreaterThan(400);
    expect(turns.ask(100, 'agent 0 149', RATE)).toBe(wait - 100);
    expect(turns.ask(wait, 'agent 0 149', RATE)).toBe(0);
    expect(turns.size).toBe(150 - BURST - 1);
    // Nobody else has come: what was kept for them is forgotten, and the line is empty again.
    expect(ask(turns, 1, wait + TURN_KEPT_MS)).toEqual([0]);
    expect(turns.size).toBe(0);
  });

  it('[SS80] as long as log-ins come slower than the rate nobody waits', () => {
    const turns = new LoginTurns();
    for (let now = 0; now < 5_000; now += 6) expect(ask(turns, 1, now)).toEqual([0]);
  });

  it('[SS80] an agent with a call at the lost site does not wait, and the others wait for that log-in', () => {
    const turns = new LoginTurns();
    ask(turns, BURST);
    expect(turns.ask(0, 'in a call', { ...RATE, hasCall: true })).toBe(0);
    expect(ask(turns, 1)).toEqual([2 * EVERY_MS]);
    // Also one to whom a turn was given before.
    expect(turns.ask(1, 'agent 0 0', { ...RATE, hasCall: true })).toBe(0);
  });

  it('[SS80] what is kept is bounded', () => {
    const turns = new LoginTurns();
    ask(turns, TURNS_MAX + 1_000);
    expect(turns.size).toBe(TURNS_MAX);
  });
});

describe('on the wire', () => {
  it('[SS80] [option holdfast/login-rate] so many log in a second, the others learn when, and get in then', () => {
    const admitted = (loginRate: number, hasCall = false) => {
      const { world, site, phone } = centreWorld({ loginRate });
      const people = ['ada', 'bob', 'cyd', 'dan'];
      const desks = people.map((person, n) => {
        phone(`700${n + 1}`);
        const desk = new Desk(site, person);
        desk.register();
        return desk;
      });
      const outcomes = desks.map((desk, n) => desk.login(`700${n + 1}`, { hasCall }));
      return { world, desks, outcomes };
    };
    const all = (outcome: string) => [outcome, outcome, outcome, outcome];
    expect(admitted(200).outcomes).toEqual(all('EventAgentLogin'));
    expect(admitted(1, true).outcomes).toEqual(all('EventAgentLogin'));
    const { world, desks, outcomes } = admitted(1);
    expect(outcomes).toEqual(['EventAgentLogin', 'overloaded', 'overloaded', 'overloaded']);
    const waits = desks.slice(1).map(({ replies }) => {
      const refusal = replies.find((reply) => reply.type === 'Error');
      return refusal?.retryAfterMs ?? 0;
    });
    expect(waits.map((wait) => Math.round(wait / 1_000))).toEqual([1, 2, 3]);
    world.run((waits[0] ?? 0) + 20);
    expect(desks[1]?.login('7002')).toBe('EventAgentLogin');
    expect(desks[2]?.login('7003')).toBe('overloaded');
  });
});
