/**
 * One member of a SIP Server pair as a node. Only the primary has a SIP Server that thinks; the standby holds its
 * records and thinks nothing, so that an input which breaks the one does not break the other.
 *
 *     inputs ──▶ SIP Server ──▶ effects ──▶ held until the mate has the entry (LG2) ──▶ out
 *                    │ changes                        ▲ ack
 *                    └───────▶ Leading ──entry──▶ Standby of the mate; SIP Server and standby of the other site, not waited for
 *
 * Who is primary is decided in `continuity` (pair-role.ts); here it is asked before each input is handled, and once more, with
 * the clock read again, before its effects leave (`outgoing`, PR6).
 */
import {
  actsUntil,
  type FitnessEffect,
  mayAct,
  mayYield,
  type PairMessage,
  type PairRole,
  type PairRoleEffect,
  type PairRoleEvent,
  type PairRoleStart,
  pairRoleDeadline,
  startFitness,
  startPairRole,
  stepPairRole,
  unfitness,
} from '@holdfast/continuity';
import type { LogLine, Millis, Node } from '@holdfast/kernel';
import type { MirrorMessage } from '@holdfast/protocol';
import type { ServerReport } from '../health/server-report.ts';
import { Leading, MATE, NO_SERVER, RECORDS_REFUSED } from '../mirror/leading.ts';
import type { SipServerInput } from '../sip-server/effects.ts';
import { SipServerNode, type SipServerOptions } from '../sip-server/sip-server-node.ts';
import { believed, FitnessWatch, insideOf } from './fitness-watch.ts';
import { MateTeller } from './mate-teller.ts';
import type { PairEffect, PairInput } from './pair-effects.ts';
import {
  type MateStanding,
  type MemberState,
  mateReadiness,
  reportOf,
  standbyReadiness,
} from './pair-report.ts';
import { PausedInputs } from './paused-inputs.ts';
import { Standby } from './standby.ts';

export interface PairNodeOptions extends Omit<SipServerOptions, 'epoch' | 'isFollowed' | 'heldPeer'> {
  readonly member: PairRoleStart;
}

/** Of a member that nothing tries: nothing is known against it. */
const NO_PROBES = startFitness();

export class PairNode implements Node<PairInput, PairEffect> {
  readonly #options: PairNodeOptions;
  #configuration: SipServerOptions['configuration'];
  #wallOffsetMs: Millis;
  #pair: PairRole;
  #now: Millis;
  /** Only while this member is primary, or was and may not act for the moment. */
  #leading: Leading | undefined;
  /** What is held while this member is no primary. */
  readonly #standby: Standby;
  readonly #paused = new PausedInputs();
  #isMateLinked = false;
  /** The mate has asked for our log a moment before we act. */
  #asked: Extract<MirrorMessage, { type: 'follow' }> | undefined;
  /** HR3: what the mate has said of itself on this link. */
  #mate: MateStanding | undefined;
  /** Absent where nothing tries whether this process does its work. */
  readonly #watch: FitnessWatch | undefined;
  /** FT3: it is unfit and its mate is not ready, which has been said. */
  #isToldAlone = false;
  /** OP1: who wants the mate to have the role; acted upon when the request is done with. */
  #offeredBy: string | undefined;
  readonly #mateTeller = new MateTeller();
  /** Until when the host's supervisor knows that this member may act. */
  #toldUntil: Millis | undefined;
  #effects: PairEffect[] = [];

  constructor(options: PairNodeOptions) {
    this.#options = options;
    this.#configuration = options.configuration;
    this.#wallOffsetMs = options.wallOffsetMs;
    this.#now = options.now;
    const { probes } = options.configuration;
    if (options.probe !== undefined && probes !== undefined)
      this.#watch = new FitnessWatch(probes, options.now);
    const { random, hashes, serverSecret } = options;
    this.#standby = new Standby({
      ...{ random, hashes, serverSecret },
      toMate: (message) => this.#send(MATE, message),
      emit: (effect) => this.#emit({ type: 'peer', effect }),
      log: (line) => this.#emit({ type: 'log', line: { ...line, site: this.#configuration.site } }),
    });
    this.#standby.peer.begin(options.now, options.configuration, 0);
    const { state, effects } = startPairRole(options.member, options.now);
    this.#pair = state;
    this.#take(options.now, effects);
  }

  /** For checks and figures. */
  get parts() {
    return {
      server: this.#leading?.server,
      leading: this.#leading,
      store: this.#standby.primary.store,
      /** Of the other site, while this member is standby. */
      peerStore: this.#standby.peer.following.store,
      pair: this.#pair,
    };
  }

  /** HR1 to HR4. */
  report(now: Millis): ServerReport {
    return reportOf(this.#member(), now);
  }

  #member(): MemberState {
    return {
      ...{ pair: this.#pair, leading: this.#leading, mate: this.#mate },
      ...{ following: this.#standby.primary, followingPeer: this.#standby.peer.following },
      ...{ isMateLinked: this.#isMateLinked, fitness: this.#watch?.fitness ?? NO_PROBES },
      pausedDropped: this.#paused.dropped,
    };
  }

  handle(now: Millis, input: PairInput): PairEffect[] {
    this.#now = now;
    this.#input(now, input);
    this.#serveWaiting(now);
    return this.#taken();
  }

  expire(now: Millis): PairEffect[] {
    this.#now = now;
    this.#role(now, { type: 'expire' });
    const leading = this.#acting(now);
    if (leading !== undefined) leading.after(now, leading.server.expire(now));
    this.#leading?.expire(now);
    if (this.#leading === undefined) this.#standby.peer.expire(now);
    this.#tryOut(now);
    this.#serveWaiting(now);
    return this.#taken();
  }

  /** PR6: what the server has decided leaves when this member may still act, else when it may again. */
  outgoing(now: Millis): PairEffect[] {
    this.#now = now;
    this.#tellMate(now);
    // Before its effects: what it writes now leaves before what it has set free.
    const free = this.#acting(now)?.release(now) ?? [];
    this.#effects.push(...free);
    this.#handOver(now);
    this.#tellStanding(now);
    this.#tellSupervisor(now);
    return this.#taken();
  }

  nextDeadline(): Millis | undefined {
    const never = Number.POSITIVE_INFINITY;
    const acting = this.#acting(this.#now);
    const served = acting?.server.nextDeadline() ?? never;
    const mirrored = this.#leading?.nextDeadline(acting !== undefined) ?? never;
    const tried = this.#watch?.nextDeadline() ?? never;
    const held = this.#leading === undefined ? this.#standby.peer.nextDeadline() : undefined;
    return Math.min(pairRoleDeadline(this.#pair, this.#now), mirrored, served, tried, held ?? never);
  }

  #input(now: Millis, input: PairInput): void {
    switch (input.type) {
      case 'mateLinked':
        this.#isMateLinked = true;
        return this.#standby.mateLinked();
      case 'mateUnlinked':
        this.#isMateLinked = false;
        this.#asked = undefined;
        this.#mate = undefined;
        this.#leading?.unlinked(MATE);
        return this.#log('warn', 'mate lost', input.because);
      case 'mateMessage':
        return this.#mateMessage(now, input.message);
      case 'message':
        return input.message.type === 'Mirror'
          ? this.#fromServer(now, input.connection, input.message.message)
          : this.#serve(now, input);
      case 'closed':
        this.#leading?.unlinked(input.connection);
        return this.#serve(now, input);
      case 'peer':
        if (this.#leading === undefined) return this.#standby.peer.handle(now, input.input);
        return this.#serve(now, input);
      case 'arbiterAnswer':
      case 'keySeen':
      case 'wroteEpoch':
      case 'writeFailed':
      case 'mateEnded':
        return this.#role(now, input);
      case 'probed':
        return this.#believe(now, this.#watch?.probed(now, input) ?? []);
      case 'operator':
        return this.#role(now, { type: input.word });
      case 'clockJumped':
        this.#wallOffsetMs = input.wallOffsetMs;
        this.#role(now, { type: 'clockJumped' });
        return this.#serve(now, input);
      case 'configuration':
        this.#configuration = input.configuration;
        if (input.configuration.probes !== undefined) this.#watch?.configure(input.configuration.probes, now);
        if (this.#leading === undefined) this.#standby.peer.configure(now, input.configuration);
        return this.#serve(now, input);
      default:
        return this.#serve(now, input);
    }
  }

  // ── the server that thinks ───────────────────────────────────────────────────────────────────────────────

  #acting(now: Millis): Leading | undefined {
    return mayAct(this.#pair, now) ? this.#leading : undefined;
  }

  #serve(now: Millis, input: SipServerInput): void {
    const leading = this.#acting(now);
    if (leading !== undefined) return leading.after(now, leading.server.handle(now, input));
    if (this.#leading === undefined) return this.#turnAway(input);
    this.#paused.push(input);
  }

  /** SS51: who connects in the moment in which the port closes would wait here for an answer for ever. */
  #turnAway(input: SipServerInput): void {
    if (input.type !== 'opened' && input.type !== 'message') return;
    this.#emit({
      type: 'close',
      connection: input.connection,
      why: 'this member of the pair does not serve',
    });
  }

  #serveWaiting(now: Millis): void {
    const leading = this.#acting(now);
    if (leading === undefined) return;
    for (const input of this.#paused.take()) leading.after(now, leading.server.handle(now, input));
    this.#tellDropped();
  }

  #taken(): PairEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** PR12: once the pause is over it is known how much is lost. */
  #tellDropped(): void {
    const dropped = this.#paused.newlyDropped();
    if (dropped === undefined) return;
    const because = 'PR12: more came while it might not act than it keeps. The figures are since its start.';
    this.#log('warn', 'paused inputs dropped', because, dropped);
  }

  // ── roles ────────────────────────────────────────────────────────────────────────────────────────────────

  #role(now: Millis, event: PairRoleEvent): void {
    const { state, effects } = stepPairRole(this.#pair, event, now);
    this.#pair = state;
    this.#take(now, effects);
  }

  #take(now: Millis, effects: readonly PairRoleEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'sendToMate') this.#sayRole(now, effect.message);
      else if (effect.type === 'role') this.#became(now, effect);
      else this.#emit(effect);
    }
  }

  /** Who offers its role has told before what it decided until then: the mate goes on from that. */
  #sayRole(now: Millis, message: PairMessage): void {
    if (message.type === 'confirm' && message.yields) {
      this.#leading?.write(now);
      // Before the mate can ask: it is invited for one lease from when it hears of it.
      this.#emit({ type: 'yields', forMs: 2 * this.#pair.options.leaseMs });
    }
    this.#send(MATE, { type: 'role', message });
  }

  #became(now: Millis, { role, epoch, because }: Extract<PairRoleEffect, { type: 'role' }>): void {
    if (role === 'primary' && this.#leading === undefined) this.#takeOver(now, epoch);
    if (role !== 'primary' && role !== 'paused' && this.#leading !== undefined) this.#stepDown(now);
    this.#emit({ type: 'role', role, epoch, serves: this.#leading !== undefined, because });
    this.#log(role === 'paused' ? 'warn' : 'info', `role ${role}`, because.text, {
      epoch,
      rule: because.rule,
    });
  }

  #takeOver(now: Millis, epoch: number): void {
    const { member: _role, ...options } = this.#options;
    const heldPeer = this.#standby.peer.hand(now);
    const server = new SipServerNode({
      ...options,
      configuration: this.#configuration,
      wallOffsetMs: this.#wallOffsetMs,
      now,
      epoch,
      isFollowed: true,
      heldPeer,
      offerRole: (at, by) => this.#offerRole(at, by),
    });
    const { store } = this.#standby.primary;
    const held = store.held();
    const effects = held.positions.length === 0 ? [] : server.takeOver(now, held);
    const leading = new Leading(server, (to, message) => this.#send(to, message));
    this.#leading = leading;
    leading.after(now, effects);
    if (this.#asked !== undefined) leading.hear(now, MATE, this.#asked);
    this.#asked = undefined;
    const detail = {
      ...{ epoch, records: store.size, events: held.positions.at(-1)?.number ?? 0 },
      ofOtherSite: heldPeer.following.store.size,
    };
    const doubt = store.isComplete ? undefined : 'what it holds is not known to be complete';
    this.#log('info', 'takes over', doubt, detail);
    store.clear();
  }

  /** Another has a higher epoch: what we have not said is not said any more, and our records are no longer true. */
  #stepDown(now: Millis): void {
    const attempt = this.#leading?.server.parts.peer.attempt ?? 0;
    this.#leading = undefined;
    this.#mate = undefined;
    this.#isToldAlone = false;
    this.#believe(now, this.#watch?.roleLost(now) ?? []);
    this.#mateTeller.forget();
    this.#paused.clear();
    this.#tellDropped();
    this.#standby.primary.store.clear();
    this.#standby.peer.begin(now, this.#configuration, attempt);
  }

  // ── whether it does its work ─────────────────────────────────────────────────────────────────────────────

  #tryOut(now: Millis): void {
    const leading = this.#acting(now);
    const silenceMs = this.#configuration.probes?.silenceMs ?? Number.POSITIVE_INFINITY;
    const inside = leading && insideOf(leading, silenceMs, now);
    for (const effect of this.#watch?.expire(now, inside) ?? [])
      if (effect.type === 'probe') this.#emit(effect);
      else this.#believe(now, [effect]);
  }

  #believe(now: Millis, effects: readonly FitnessEffect[]): void {
    const { site } = this.#configuration;
    for (const line of believed(now, effects, this.#acting(now)))
      this.#emit({ type: 'log', line: { ...line, site } });
  }

  /** FT3, OP1: promote first, demote second: nothing is given up before the mate has the role. */
  #handOver(now: Millis): void {
    const by = this.#offeredBy;
    this.#offeredBy = undefined;
    const leading = this.#acting(now);
    if (leading === undefined) return;
    if (by !== undefined) {
      this.#log('info', 'offers the role', `OP1: ${by} wants it so.`);
      return this.#role(now, { type: 'demote' });
    }
    const watch = this.#watch;
    const unfit = watch && unfitness(watch.fitness, now);
    if (watch === undefined || unfit?.rule !== 'FT1') {
      this.#isToldAlone = false;
      return;
    }
    const mate = mateReadiness(this.#member(), this.#mate, leading);
    if (mate.ok) {
      if (!mayYield(watch.fitness, now)) return;
      this.#send(MATE, { type: 'offer', agesMs: watch.yielded(now) });
      this.#log('warn', 'offers the role', `FT3: it is unfit (${unfit.text}) and its mate is ready.`);
      return this.#role(now, { type: 'demote' });
    }
    // A mate that is about to take what was offered is no standby any more.
    const isOffered = watch.fitness.hasOffered && now < watch.fitness.yieldNotBefore;
    if (this.#isToldAlone || isOffered) return;
    this.#isToldAlone = true;
    this.#log('error', 'unfit and stays primary', `FT3: ${unfit.text}. ${mate.because}`);
  }

  /** Why the mate cannot have the role now; undefined when it is offered. */
  #offerRole(now: Millis, by: string): string | undefined {
    const leading = this.#acting(now);
    if (leading === undefined) return 'This member does not act at this moment.';
    const mate = mateReadiness(this.#member(), this.#mate, leading);
    if (!mate.ok) return mate.because;
    this.#offeredBy = by;
    return undefined;
  }

  /** HR2. */
  #tellStanding(now: Millis): void {
    const isStandby = this.#leading === undefined && this.#isMateLinked;
    this.#standby.tell(isStandby ? standbyReadiness(this.#member(), now) : undefined);
  }

  // ── the mate ─────────────────────────────────────────────────────────────────────────────────────────────

  #mateMessage(now: Millis, message: MirrorMessage): void {
    switch (message.type) {
      case 'role':
        this.#role(now, { type: 'message', message: this.#standby.offeredWhole(message.message) });
        if (this.#leading === undefined) this.#standby.followPrimary(message.message, this.#pair);
        return;
      case 'snapshot':
      case 'entry':
      case 'digest':
        // Whoever is primary follows nobody.
        if (this.#leading === undefined) this.#standby.hear(now, message, this.#pair);
        return;
      case 'offer':
        return this.#watch?.offered(now, message.agesMs);
      case 'standing':
        this.#mate = { isReady: message.isReady, because: message.because };
        return;
      default:
        return this.#follower(now, message);
    }
  }

  /** LG2: that the mate is behind, and so not waited for, is an event and an alarm. */
  #tellMate(now: Millis): void {
    const leading = this.#leading;
    if (leading === undefined) return;
    const line = this.#mateTeller.line(leading);
    if (line !== undefined) this.#emit({ type: 'log', line: { ...line, site: this.#configuration.site } });
    const alarm = this.#acting(now) && this.#mateTeller.alarm(leading);
    if (alarm !== undefined) leading.after(now, leading.server.alarm(now, alarm));
  }

  /** PR8: each time a voice has confirmed it for longer. */
  #tellSupervisor(now: Millis): void {
    const until = actsUntil(this.#pair, now);
    if (until === undefined) {
      this.#toldUntil = undefined;
      return;
    }
    if (this.#toldUntil !== undefined && until <= this.#toldUntil) return;
    this.#toldUntil = until;
    this.#emit({ type: 'confirmed', remainsMs: until - now });
  }

  // ── who follows ──────────────────────────────────────────────────────────────────────────────────────────

  #fromServer(now: Millis, connection: string, message: MirrorMessage): void {
    if (this.#leading?.hearClient(now, connection, message) === true) return;
    this.#emit(RECORDS_REFUSED);
    this.#emit({ type: 'close', connection, why: NO_SERVER });
  }

  /** The mate; also when it asks a moment before we act. */
  #follower(now: Millis, message: MirrorMessage): void {
    if (message.type !== 'follow' && message.type !== 'partTaken' && message.type !== 'ack') return;
    if (this.#leading !== undefined) this.#leading.hear(now, MATE, message);
    else if (message.type === 'follow') this.#asked = message;
  }

  // ── out ──────────────────────────────────────────────────────────────────────────────────────────────────

  #send(to: string, message: MirrorMessage): void {
    if (to !== MATE) this.#emit({ type: 'send', connection: to, message: { type: 'Mirror', message } });
    else if (this.#isMateLinked) this.#emit({ type: 'sendToMate', message });
  }

  #emit(effect: PairEffect): void {
    this.#effects.push(effect);
  }

  #log(
    level: LogLine['level'],
    what: string,
    because: string | undefined,
    detail?: Record<string, string | number>,
  ): void {
    const { site } = this.#configuration;
    this.#emit({
      type: 'log',
      line: { level, what, site, ...(because !== undefined && { because }), ...(detail && { detail }) },
    });
  }
}
