/** One member of a pair with a script of what happens to it, and a pair with its arbiter, joined by queues. */
import type { ArbiterAnswer, ArbiterRequest, KeySeen, RoleKey } from './arbiter-key.ts';
import {
  mayAct,
  type PairRoleStart,
  pairRoleDeadline,
  pairRoleName,
  startPairRole,
  stepPairRole,
} from './pair-role.ts';
import type {
  PairMessage,
  PairRole,
  PairRoleEffect,
  PairRoleEvent,
  PairRoleName,
} from './pair-role-types.ts';

/** A member whose clock begins at 0, and everything that it has wanted so far. */
export class TestMember {
  now = 0;
  pair: PairRole;
  effects: PairRoleEffect[] = [];

  constructor(start: Partial<PairRoleStart> = {}) {
    const { state, effects } = startPairRole(
      { name: 'one', process: 'one-1', epochLeast: 1, written: 0, ...start },
      this.now,
    );
    this.pair = state;
    this.effects.push(...effects);
  }

  /** Returns what this event alone made it want. */
  step(event: PairRoleEvent): readonly PairRoleEffect[] {
    const { state, effects } = stepPairRole(this.pair, event, this.now);
    this.pair = state;
    this.effects.push(...effects);
    return effects;
  }

  hear(message: PairMessage): readonly PairRoleEffect[] {
    return this.step({ type: 'message', message });
  }

  /** A mate that is primary asks to be confirmed. */
  asked(epoch: number, n: number, more: { process?: string; lengthMs?: number; yields?: boolean } = {}) {
    const message = {
      type: 'confirm',
      epoch,
      n,
      process: 'two-1',
      lengthMs: 600,
      yields: false,
      ...more,
    } as const;
    return this.hear(message);
  }

  /** Lets the time pass without a word from anybody, its own deadlines included. */
  until(at: number): void {
    for (let due = this.deadline; due <= at; due = this.deadline) {
      this.now = Math.max(this.now, due);
      this.step({ type: 'expire' });
    }
    this.now = at;
    this.step({ type: 'expire' });
  }

  get deadline(): number {
    return pairRoleDeadline(this.pair, this.now);
  }

  get name(): PairRoleName {
    return pairRoleName(this.pair, this.now);
  }

  get acts(): boolean {
    return mayAct(this.pair, this.now);
  }

  get lastRequest(): ArbiterRequest {
    const asked = this.effects.findLast((effect) => effect.type === 'askArbiter');
    if (asked === undefined) throw new Error('nothing was asked of the arbiter');
    return asked.request;
  }

  /** The key that the last request would write. */
  get lastKey(): RoleKey {
    const request = this.lastRequest;
    if (request.type !== 'swap') throw new Error('the last request was a read');
    return request.key;
  }

  /** Answers the last request. */
  answer(answer: { type: 'stands' | 'swapped' | 'not-swapped'; seen: KeySeen } | { type: 'unknown' }) {
    const { n } = this.lastRequest;
    const full: ArbiterAnswer =
      answer.type === 'unknown' ? { ...answer, n, because: 'no quorum' } : { ...answer, n };
    return this.step({ type: 'arbiterAnswer', answer: full });
  }

  /** Grants the last request, which is a swap, and has the epoch written. */
  granted(count: number): void {
    const key = this.lastKey;
    this.answer({ type: 'swapped', seen: { revision: { start: 0, count }, key } });
    this.step({ type: 'wroteEpoch', epoch: key.epoch });
  }

  sent(type: PairMessage['type']): readonly PairMessage[] {
    return this.effects.flatMap((effect) =>
      effect.type === 'sendToMate' && effect.message.type === type ? [effect.message] : [],
    );
  }

  /** What it last said that it is, and by which rule. */
  get told(): { readonly role: PairRoleName; readonly rule: string } | undefined {
    const told = this.effects.findLast((effect) => effect.type === 'role');
    return told === undefined ? undefined : { role: told.role, rule: told.because.rule };
  }
}

export function keyOfTwo(epoch: number, more: Partial<RoleKey> = {}): RoleKey {
  return { holder: 'two', process: 'two-1', epoch, ask: 1, lengthMs: 600, ...more };
}

export function seen(count: number, key?: RoleKey): KeySeen {
  return { revision: { start: 0, count }, key };
}

/** A primary in epoch 1 at the instant 630, when it was granted; nobody else has said a word. */
export function primaryAlone(): TestMember {
  const member = new TestMember();
  member.answer({ type: 'stands', seen: seen(0) });
  member.until(629);
  member.now = 630;
  member.step({ type: 'expire' });
  member.granted(1);
  return member;
}

/** Two members and an arbiter on one clock, everything taking `DELAY_MS`, for what the three come to together. */
export class TestPair {
  static readonly DELAY_MS = 2;
  at = 0;
  readonly members = new Map<string, TestMember>();
  isArbiterUp = true;
  seen: KeySeen = seen(0);
  readonly #queue: { readonly at: number; readonly what: () => void }[] = [];
  readonly #performed = new Map<TestMember, number>();

  start(name: string, process = `${name}-1`, written: number | undefined = 0): TestMember {
    const member = new TestMember({ name, process, written });
    // Its clock is its own: it began when it did.
    this.members.set(name, member);
    this.#startedAt.set(member, this.at);
    this.#perform(member);
    return member;
  }

  readonly #startedAt = new Map<TestMember, number>();

  kill(name: string): void {
    this.members.delete(name);
  }

  tell(name: string, event: PairRoleEvent): void {
    const member = this.member(name);
    member.now = this.#clockOf(member);
    member.step(event);
    this.#perform(member);
  }

  member(name: string): TestMember {
    const member = this.members.get(name);
    if (member === undefined) throw new Error(`${name} does not run`);
    return member;
  }

  get acting(): string[] {
    return [...this.members].filter(([, member]) => member.acts).map(([name]) => name);
  }

  /** Runs for so long, and says in which intervals nobody acted and how often two did. */
  run(forMs: number): { readonly idleMs: number; readonly doubles: number } {
    let idleMs = 0;
    let doubles = 0;
    for (const end = this.at + forMs; this.at < end; this.at++) {
      for (const { what } of this.#takeDue()) what();
      for (const member of this.members.values()) {
        member.now = this.#clockOf(member);
        if (member.deadline <= member.now) member.step({ type: 'expire' });
        this.#perform(member);
      }
      if (this.acting.length === 0) idleMs++;
      if (this.acting.length > 1) doubles++;
    }
    return { idleMs, doubles };
  }

  #clockOf(member: TestMember): number {
    return this.at - (this.#startedAt.get(member) ?? 0);
  }

  #takeDue() {
    const due = this.#queue.filter(({ at }) => at <= this.at);
    this.#queue.splice(0, this.#queue.length, ...this.#queue.filter(({ at }) => at > this.at));
    return due;
  }

  #later(what: () => void): void {
    this.#queue.push({ at: this.at + TestPair.DELAY_MS, what });
  }

  #perform(member: TestMember): void {
    for (const effect of member.effects.slice(this.#performed.get(member) ?? 0)) {
      const isAlive = () => [...this.members.values()].includes(member);
      if (effect.type === 'sendToMate')
        this.#later(() => {
          for (const mate of this.members.values()) if (mate !== member) this.#give(mate, effect.message);
        });
      if (effect.type === 'writeEpoch')
        this.#later(
          () => isAlive() && this.tell(this.#nameOf(member), { type: 'wroteEpoch', epoch: effect.epoch }),
        );
      if (effect.type === 'askArbiter')
        this.#later(() => {
          if (!this.isArbiterUp) return;
          const answer = this.#swap(effect.request);
          this.#later(() => isAlive() && this.tell(this.#nameOf(member), { type: 'arbiterAnswer', answer }));
        });
    }
    this.#performed.set(member, member.effects.length);
  }

  #nameOf(member: TestMember): string {
    return member.pair.member.name;
  }

  #give(member: TestMember, message: PairMessage): void {
    this.tell(this.#nameOf(member), { type: 'message', message });
  }

  #swap(request: ArbiterRequest): ArbiterAnswer {
    const { n } = request;
    if (request.type === 'read') return { type: 'stands', n, seen: this.seen };
    const { count } = this.seen.revision;
    if (count !== request.ifRevision.count) return { type: 'not-swapped', n, seen: this.seen };
    this.seen = seen(count + 1, request.key);
    return { type: 'swapped', n, seen: this.seen };
  }
}
