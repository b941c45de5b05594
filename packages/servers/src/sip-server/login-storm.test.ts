/** The desks of a whole site log in at the same instant: how long until all are in (SS80). */
import { must } from '@holdfast/kernel';
import { expect, it } from 'vitest';
import { BURST_MS } from './login-turns.ts';
import { Desk } from './testing/desk.ts';
import { Peer } from './testing/people.ts';
import { configurationOf, extension, GATEWAY, queue, Site, trunk, WALL } from './testing/server-site.ts';
import { World } from './testing/server-world.ts';

const AGENTS = 120;
const RATE = 50;

function siteOf(agents: number) {
  const numbers = Array.from({ length: agents }, (_, n) => String(7_001 + n));
  const code = (n: number) => String(1_001 + n);
  const world = new World();
  const site = new Site(
    world,
    configurationOf({
      loginRate: RATE,
      dns: [...numbers.map(extension), queue('8000', { waitingMax: 100 }), trunk('9000', GATEWAY)],
      centre: { wrapUpMs: 0, agentLogins: numbers.map((_, n) => ({ code: code(n), wrapUpMs: undefined })) },
      persons: numbers.map((_, n) => ({ name: `agent${n}`, agentLogins: [code(n)], rank: 'agent' as const })),
    }),
  );
  return { world, site, numbers, code };
}

/** A desk that asks at once, and again whenever it is told to. */
class Asking {
  readonly #desk: Desk;
  readonly #dn: string;
  readonly #code: string;
  #answers: ReturnType<Desk['begin']> | undefined;
  #againAt = 0;
  asked = 0;
  inAt: number | undefined;

  constructor(site: Site, n: number, dn: string, code: string) {
    this.#desk = new Desk(site, `agent${n}`);
    this.#desk.register();
    this.#dn = dn;
    this.#code = code;
  }

  step(now: number): void {
    if (this.inAt !== undefined) return;
    if (this.#answers === undefined) {
      if (now >= this.#againAt) this.#ask(now);
      return;
    }
    const [answer] = this.#answers();
    if (answer === undefined) return;
    this.#answers = undefined;
    if (answer.type === 'Event') this.inAt = now;
    else if (answer.type === 'Error') this.#againAt = now + must(answer.retryAfterMs, answer.text);
  }

  #ask(now: number): void {
    this.asked++;
    this.#answers = this.#desk.begin({
      type: 'AgentLogin',
      dn: this.#dn,
      AgentID: this.#code,
      queues: ['8000'],
      place: `place ${this.#dn}`,
      token: `token ${this.#desk.person}`,
      epoch: { number: Math.floor(WALL + now) + this.asked, desk: this.#desk.session },
      stamp: this.#desk.newestStamp,
      workMode: 'AutoIn',
    });
  }
}

it(`[SS80] [C72] ${AGENTS} desks at once: each asks twice at the most, and all are in as fast as the rate allows`, () => {
  const { world, site, numbers, code } = siteOf(AGENTS);
  for (const [n, number] of numbers.entries()) {
    const phone = new Peer(world, number, `10.1.${n >> 8}.${n & 255}`);
    expect(phone.register({ expires: 600 })).toBe(200);
  }
  const desks = numbers.map((number, n) => new Asking(site, n, number, code(n)));
  // The newest stamp of each is fresh.
  world.run(2_100);
  const since = world.now;
  while (world.now < since + 10_000 && desks.some(({ inAt }) => inAt === undefined)) {
    for (const desk of desks) desk.step(world.now);
    world.run(5);
  }
  const times = desks.map(({ inAt }) => must(inAt, 'everybody is in') - since).sort((a, b) => a - b);
  const at = (share: number) => must(times[Math.ceil(share * AGENTS) - 1], 'a time for each');
  // A burst of a quarter of a second, then one after the other; a little more for the way.
  const fastestMs = (1000 * AGENTS) / RATE - BURST_MS;
  expect(at(1)).toBeGreaterThan(fastestMs - 100);
  expect(at(1)).toBeLessThan(fastestMs + 200);
  expect(at(0.95)).toBeLessThan(0.95 * fastestMs + 200);
  expect(Math.max(...desks.map(({ asked }) => asked))).toBe(2);
});
