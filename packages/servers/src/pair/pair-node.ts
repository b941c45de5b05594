/**
 * One member of a SIP Server pair as a node. Only the primary has a SIP Server that thinks; the standby holds its
 * records and thinks nothing, so that an input which breaks the one does not break the other.
 *
 *     inputs ──▶ SIP Server ──▶ effects ──▶ held until the mate has the entry (LG2) ──▶ out
 *                    │ changes                          ▲ ack
 *                    └──────▶ MirrorSource ──entry──▶ MirrorStore of the mate
 *
 * Who is primary is decided in `continuity` (pair-role.ts); here it is asked, with a fresh `now`, before each input is
 * handled and once more before its effects leave (PR6).
 */
import {
  mayAct,
  mayFollow,
  type PairMessage,
  type PairRole,
  type PairRoleEffect,
  type PairRoleEvent,
  type PairRoleName,
  type PairRoleStart,
  pairRoleDeadline,
  startPairRole,
  stepPairRole,
} from '@holdfast/continuity';
import type { Because, LogLine, Millis, Node } from '@holdfast/kernel';
import type { MirrorMessage } from '@holdfast/protocol';
import type { SipServerEffect, SipServerInput } from '../sip-server/effects.ts';
import { SipServerNode, type SipServerOptions } from '../sip-server/sip-server-node.ts';
import { HeldEffects } from './held-effects.ts';
import { type MateState, MirrorSource } from './mirror-source.ts';
import { MirrorStore } from './mirror-store.ts';
import type { PairEffect, PairInput } from './pair-effects.ts';

export interface PairNodeOptions extends Omit<SipServerOptions, 'epoch' | 'isFollowed'> {
  readonly member: PairRoleStart;
}

/** Inputs that come while a primary may not act; more are dropped, the oldest first: callers repeat what matters. */
export const PAUSED_INPUTS_MAX = 1_000;

const TOLD: Readonly<Record<MateState, readonly [LogLine['level'], string]>> = {
  unlinked: ['warn', 'no mate'],
  joining: ['info', 'mate joins'],
  'in-step': ['info', 'mate in step'],
  behind: ['warn', 'mate behind'],
};

export class PairNode implements Node<PairInput, PairEffect> {
  readonly #options: PairNodeOptions;
  #configuration: SipServerOptions['configuration'];
  #wallOffsetMs: Millis;
  #pair: PairRole;
  #now: Millis;
  /** Only while this member is primary, or was and may not act for the moment. */
  #server: SipServerNode | undefined;
  #source: MirrorSource | undefined;
  readonly #store = new MirrorStore();
  readonly #held = new HeldEffects<SipServerEffect>();
  readonly #paused: SipServerInput[] = [];
  #isLinked = false;
  /** The epoch whose primary was asked for its log on this link. */
  #followed: number | undefined;
  /** The mate wants our log; also when it asks a moment before we act. */
  #asked: Extract<MirrorMessage, { type: 'follow' }> | undefined;
  #toldMate: MateState | undefined;
  #effects: PairEffect[] = [];

  constructor(options: PairNodeOptions) {
    this.#options = options;
    this.#configuration = options.configuration;
    this.#wallOffsetMs = options.wallOffsetMs;
    this.#now = options.now;
    const { state, effects } = startPairRole(options.member, options.now);
    this.#pair = state;
    this.#take(options.now, effects);
  }

  /** For checks and figures. */
  get parts() {
    return { server: this.#server, source: this.#source, store: this.#store, pair: this.#pair };
  }

  handle(now: Millis, input: PairInput): PairEffect[] {
    this.#now = now;
    this.#input(now, input);
    return this.#finish(now);
  }

  expire(now: Millis): PairEffect[] {
    this.#now = now;
    this.#role(now, { type: 'expire' });
    const server = this.#acting(now);
    if (server !== undefined) this.#after(now, server, server.expire(now));
    if (this.#source !== undefined) this.#toMate(this.#source.expire(now));
    return this.#finish(now);
  }

  nextDeadline(): Millis | undefined {
    const never = Number.POSITIVE_INFINITY;
    const served = mayAct(this.#pair, this.#now) ? this.#server?.nextDeadline() : undefined;
    return Math.min(
      pairRoleDeadline(this.#pair, this.#now),
      this.#source?.nextDeadline() ?? never,
      served ?? never,
    );
  }

  #input(now: Millis, input: PairInput): void {
    switch (input.type) {
      case 'mateLinked':
        this.#isLinked = true;
        this.#store.linked();
        this.#followed = undefined;
        this.#asked = undefined;
        return;
      case 'mateUnlinked':
        this.#isLinked = false;
        this.#source?.unlinked();
        return this.#log('warn', 'mate lost', input.because);
      case 'mateMessage':
        return this.#message(now, input.message);
      case 'arbiterAnswer':
      case 'keySeen':
      case 'wroteEpoch':
      case 'writeFailed':
      case 'mateEnded':
        return this.#role(now, input);
      case 'operator':
        return this.#role(now, { type: input.word });
      case 'clockJumped':
        this.#wallOffsetMs = input.wallOffsetMs;
        this.#role(now, { type: 'clockJumped' });
        return this.#serve(now, input);
      case 'configuration':
        this.#configuration = input.configuration;
        return this.#serve(now, input);
      default:
        return this.#serve(now, input);
    }
  }

  // ── the server that thinks ───────────────────────────────────────────────────────────────────────────────

  #acting(now: Millis): SipServerNode | undefined {
    return mayAct(this.#pair, now) ? this.#server : undefined;
  }

  #serve(now: Millis, input: SipServerInput): void {
    const server = this.#acting(now);
    if (server !== undefined) return this.#after(now, server, server.handle(now, input));
    if (this.#server === undefined) return;
    this.#paused.push(input);
    if (this.#paused.length > PAUSED_INPUTS_MAX) this.#paused.shift();
  }

  /** What has changed goes to the mate; what it tells waits until the mate has it. */
  #after(now: Millis, server: SipServerNode, effects: readonly SipServerEffect[]): void {
    const source = this.#source;
    if (source === undefined) return;
    const entry = source.append(now, server.takeChanges(now));
    if (entry !== undefined) this.#toMate([entry]);
    this.#held.add(source.last, effects);
  }

  #finish(now: Millis): PairEffect[] {
    const server = this.#acting(now);
    if (server !== undefined) {
      for (let input = this.#paused.shift(); input !== undefined; input = this.#paused.shift())
        this.#after(now, server, server.handle(now, input));
      const { source } = this.parts;
      const isWaited = source?.state === 'in-step';
      const upTo = isWaited ? source.acked : Number.POSITIVE_INFINITY;
      this.#effects.push(...this.#held.release(upTo));
    }
    this.#tellMate();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  // ── roles ────────────────────────────────────────────────────────────────────────────────────────────────

  #role(now: Millis, event: PairRoleEvent): void {
    const { state, effects } = stepPairRole(this.#pair, event, now);
    this.#pair = state;
    this.#take(now, effects);
  }

  #take(now: Millis, effects: readonly PairRoleEffect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'sendToMate':
          this.#toMate([{ type: 'role', message: effect.message }]);
          break;
        case 'role':
          this.#became(now, effect);
          break;
        default:
          this.#effects.push(effect);
      }
    }
  }

  #became(
    now: Millis,
    {
      role,
      epoch,
      because,
    }: { readonly role: PairRoleName; readonly epoch: number; readonly because: Because },
  ): void {
    if (role === 'primary' && this.#server === undefined) this.#takeOver(now, epoch);
    const serves = role === 'primary' || role === 'paused';
    if (!serves && this.#server !== undefined) this.#stepDown();
    this.#effects.push({ type: 'role', role, epoch, serves: this.#server !== undefined, because });
    this.#log(role === 'paused' ? 'warn' : 'info', `role ${role}`, because.text, {
      epoch,
      rule: because.rule,
    });
  }

  #takeOver(now: Millis, epoch: number): void {
    const { member: _role, ...options } = this.#options;
    const server = new SipServerNode({
      ...options,
      configuration: this.#configuration,
      wallOffsetMs: this.#wallOffsetMs,
      now,
      epoch,
      isFollowed: true,
    });
    this.#server = server;
    const held = this.#store.held();
    const effects = held.positions.length === 0 ? [] : server.takeOver(now, held);
    server.takeChanges(now);
    this.#source = new MirrorSource(
      epoch,
      [...server.holding(now).records].map(([key]) => key),
      (at) => server.holding(at),
    );
    this.#held.add(0, effects);
    this.#serveMate(now);
    const { size, isComplete } = this.#store;
    const detail = { epoch, records: size, events: held.positions.at(-1)?.number ?? 0 };
    this.#log(
      'info',
      'takes over',
      isComplete ? undefined : 'what it holds is not known to be complete',
      detail,
    );
    this.#store.clear();
  }

  /** Another has a higher epoch: what we have not said is not said any more, and our records are no longer true. */
  #stepDown(): void {
    this.#server = undefined;
    this.#source = undefined;
    this.#toldMate = undefined;
    this.#held.drop();
    this.#paused.length = 0;
    this.#store.clear();
  }

  // ── the mate ─────────────────────────────────────────────────────────────────────────────────────────────

  #toMate(messages: readonly MirrorMessage[]): void {
    if (this.#isLinked) for (const message of messages) this.#effects.push({ type: 'sendToMate', message });
  }

  #serveMate(now: Millis): void {
    if (this.#source === undefined || this.#asked === undefined) return;
    const asked = this.#asked;
    this.#asked = undefined;
    this.#toMate(this.#source.follow(now, asked));
  }

  /** Whoever asks to be confirmed is primary: its log is followed from then on. */
  #followPrimary(message: PairMessage): void {
    if (message.type !== 'confirm' || message.epoch === this.#followed) return;
    if (!mayFollow(this.#pair, message.epoch)) return;
    this.#followed = message.epoch;
    this.#follow();
  }

  #follow(): void {
    if (this.#server === undefined) this.#toMate([{ type: 'follow', ...this.#store.position }]);
  }

  #message(now: Millis, message: MirrorMessage): void {
    switch (message.type) {
      case 'role':
        this.#role(now, { type: 'message', message: message.message });
        return this.#followPrimary(message.message);
      case 'follow':
        this.#asked = message;
        return this.#serveMate(now);
      case 'partTaken':
        return this.#toMate(this.#source?.partTaken(now, message.part) ?? []);
      case 'ack':
        if (message.epoch === this.#source?.epoch) this.#source.acknowledged(now, message.number);
        return;
      case 'snapshot':
      case 'entry':
      case 'digest':
        return this.#mirrored(now, message);
      case 'hello':
        return;
    }
  }

  /** LG2: that the mate is behind, and so not waited for, is an event and an alarm. */
  #tellMate(): void {
    const state = this.#source?.state;
    if (state === this.#toldMate || state === undefined) return;
    this.#toldMate = state;
    const { last = 0, acked = 0 } = this.#source ?? {};
    const [level, what] = TOLD[state];
    this.#log(level, what, undefined, { last, acked });
  }

  #mirrored(now: Millis, message: Extract<MirrorMessage, { type: 'snapshot' | 'entry' | 'digest' }>): void {
    // Whoever is primary follows nobody; a late entry of a former primary changes nothing (PR9).
    if (this.#server !== undefined || !mayFollow(this.#pair, message.epoch)) return;
    if (message.type === 'digest') {
      if (this.#store.holds(message)) return;
      this.#log(
        'error',
        'records differ',
        'the digest of the primary is another: everything is asked for anew',
      );
      this.#store.clear();
      return this.#follow();
    }
    if (message.type === 'snapshot') {
      if (!this.#store.snapshot(now, message)) return this.#follow();
      this.#toMate([{ type: 'partTaken', part: message.part }, this.#ack()]);
      if (message.isLast) this.#log('info', 'follows', undefined, { records: this.#store.size });
      return;
    }
    const outcome = this.#store.entry(now, message);
    if (outcome === 'taken') return this.#toMate([this.#ack()]);
    if (outcome === 'old') return;
    // Until the first part has come there is nothing to be missing in.
    if (!this.#store.isComplete) return;
    this.#log(
      'warn',
      'entries missing',
      `entry ${message.number} follows ${message.from}, and we hold ${this.#store.number}`,
    );
    this.#follow();
  }

  #ack(): MirrorMessage {
    return { type: 'ack', epoch: this.#store.epoch, number: this.#store.number };
  }

  #log(
    level: LogLine['level'],
    what: string,
    because: string | undefined,
    detail?: Record<string, string | number>,
  ): void {
    const { site } = this.#configuration;
    this.#effects.push({
      type: 'log',
      line: { level, what, site, ...(because !== undefined && { because }), ...(detail && { detail }) },
    });
  }
}
