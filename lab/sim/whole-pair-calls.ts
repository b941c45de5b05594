/**
 * The calls of one site that both of their phones see standing, and the lines as they stand, looked at twice a virtual
 * second; and what has become of them when another member of the pair goes on.
 */
import type { Process } from './process.ts';
import type { PairMemberProgram } from './whole-pair-member.ts';
import type { PhoneProgram, StandingLeg } from './whole-phone.ts';
import type { World } from './world.ts';

const LOOK_EVERY_MS = 500;
/** A phone gives its BYE so long to be answered; until then it counts as standing (HANGUP_MAX_MS). */
const SETTLED_MS = 3_000;
/** What ends within this time has ended by the takeover, unless somebody wanted it to. */
const WATCHED_MS = 10_000;
const RELEASED_MAX = 1_000;

interface StandingCall {
  readonly connId: string;
  readonly legs: readonly [StandingLeg, StandingLeg];
}

export class StandingCalls {
  readonly #world: World;
  readonly #site: string;
  readonly #phones: () => readonly Process[];
  readonly #serving: () => PairMemberProgram | undefined;
  #calls: readonly StandingCall[] = [];
  #lines: ReadonlyMap<string, readonly string[]> = new Map();
  /** Calls that a desk has asked to end. */
  readonly #released = new Set<string>();

  constructor(
    world: World,
    site: string,
    phones: () => readonly Process[],
    serving: () => PairMemberProgram | undefined,
  ) {
    this.#world = world;
    this.#site = site;
    this.#phones = phones;
    this.#serving = serving;
    this.#lookAgain();
  }

  released(connId: string): void {
    if (this.#released.size >= RELEASED_MAX) this.#released.clear();
    this.#released.add(connId);
  }

  /** Both members were lost, or one that was behind: nothing of it need be there. */
  forget(): void {
    this.#calls = [];
    this.#lines = new Map();
  }

  /** Another goes on with what it held: whatever still stands on both phones must go on standing. */
  goOn(program: PairMemberProgram): void {
    const { parts } = program;
    if (parts === undefined) return;
    const before = this.#calls.filter(({ legs }) => legs.every((leg) => this.#stands(leg)));
    const { calls } = parts.centre.stateToCheck;
    const kept = before.filter(({ connId }) => calls.get(connId)?.phase.name === 'talking');
    // AD3, AD13: what the other site has taken over stands there, as this member has heard by itself.
    const records = parts.peer.records();
    const isThere = ({ connId }: StandingCall) => records?.get(`talk/${connId}`) !== undefined;
    const missing = before.filter((call) => !kept.includes(call) && !isThere(call));
    this.#expectOrder(program);
    this.#world.plan(this.#world.at + SETTLED_MS, () => this.#expectEnded(missing));
    this.#world.plan(this.#world.at + WATCHED_MS, () => this.#expectStanding(program, kept));
    this.#lookNow();
  }

  /** Who is not there at the new primary has been let go before it took over: one end has hung up. */
  #expectEnded(missing: readonly StandingCall[]): void {
    const lost = missing.find(
      ({ connId, legs }) => legs.every((leg) => this.#stands(leg)) && !this.#released.has(connId),
    );
    if (lost === undefined) return;
    this.#fail(
      'calls-survive-takeover',
      `call ${lost.connId} stands on both phones, and the new primary has never had it`,
    );
  }

  /** A call that both ends say the other has ended was ended by the site. */
  #expectStanding(program: PairMemberProgram, kept: readonly StandingCall[]): void {
    if (this.#serving() !== program) return;
    const ended = kept.find(
      ({ connId, legs }) => !this.#released.has(connId) && legs.every(({ endedBy }) => endedBy === 'remote'),
    );
    if (ended === undefined) return;
    this.#fail(
      'calls-survive-takeover',
      `call ${ended.connId} was ended by the new primary, and nobody had asked for it`,
    );
  }

  #expectOrder(program: PairMemberProgram): void {
    for (const [queue, before] of this.#lines) {
      const now = linesOf(program).get(queue) ?? [];
      const common = before.filter((connId) => now.includes(connId));
      const there = now.filter((connId) => before.includes(connId));
      if (common.join() === there.join()) continue;
      this.#fail(
        'places-survive-takeover',
        `queue ${queue} stood as ${common.join()}, and stands as ${there.join()}`,
      );
    }
  }

  #lookAgain(): void {
    this.#world.plan(this.#world.at + LOOK_EVERY_MS, () => {
      this.#lookNow();
      this.#lookAgain();
    });
  }

  /** What stood when somebody last could be asked; nobody is asked who may not act, or is stopped. */
  #lookNow(): void {
    const program = this.#serving();
    if (program === undefined || !program.acts || program.isStopped) return;
    this.#lines = linesOf(program);
    const standing = new Map<string, StandingLeg>();
    for (const process of this.#phones()) {
      const phone = process.program as PhoneProgram | undefined;
      for (const leg of phone?.standing.values() ?? [])
        if (leg.remote !== undefined) standing.set(leg.remote, leg);
    }
    this.#calls = [...(program.parts?.calls.calls() ?? [])].flatMap(({ connId, origin, party }) => {
      const [one, other] = [standing.get(origin.leg), standing.get(party?.leg ?? '')];
      return one === undefined || other === undefined ? [] : [{ connId, legs: [one, other] as const }];
    });
  }

  #stands(leg: StandingLeg): boolean {
    return (
      leg.endedBy === undefined &&
      this.#phones().some((process) => {
        const phone = process.program as PhoneProgram | undefined;
        for (const one of phone?.standing.values() ?? []) if (one === leg) return true;
        return false;
      })
    );
  }

  #fail(check: string, detail: string): void {
    this.#world.fail(check, `${this.#site}: ${detail}`);
  }
}

function linesOf(program: PairMemberProgram): Map<string, string[]> {
  const queues = program.parts?.centre.stateToCheck.queues ?? new Map();
  return new Map(
    [...queues].map(([dn, queue]) => [dn, [...queue.waiting.items()].map(({ connId }) => connId)]),
  );
}
