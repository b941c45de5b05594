/**
 * One member of a simulated pair of SIP Servers: the real node in its shell. The backup connects to the primary's
 * Application, whichever of the two has the role; SIP and clients find open ports at whoever serves, and the SIP
 * address goes to whoever acts (PR10).
 */
import type { CentreEffect } from '@holdfast/centre';
import { mayAct, type PairRoleOptions } from '@holdfast/continuity';
import { type Millis, type Plain, type Random, unreachable } from '@holdfast/kernel';
import type { DeskReply, DeskRequest, MirrorMessage } from '@holdfast/protocol';
import {
  type PairInput,
  PairNode,
  type Probed,
  type SipServerInput,
  type SipServerOptions,
} from '@holdfast/servers';
import { ARBITER_PORT, type FromArbiter } from './core-pair-messages.ts';
import { EventKind } from './event-heap.ts';
import { SIP_PORT } from './node-program.ts';
import type { Address, CloseReason, Process } from './process.ts';
import type { StreamEnd } from './stream.ts';
import { asFollower, asPrimary, asTold, plantAtTakeover } from './whole-pair-defects.ts';
import type { PairWatch } from './whole-pair-watch.ts';
import { type Greyness, ownProbe, PROBE_PORT, WholeProbes } from './whole-probes.ts';
import { type MemberEffect, SipServerProgram, type SipServerProgramOptions } from './whole-sip-server.ts';

/** What survives the member's process (PR6). */
export interface MemberDisk {
  written: number | undefined;
}

export interface MemberOptions extends SipServerProgramOptions {
  /** Where the mate listens; undefined at the member that is connected to. */
  readonly connectsTo: Address | undefined;
  readonly arbiter: Address;
  readonly disk: MemberDisk;
  /** The same at both members. */
  readonly role: Partial<PairRoleOptions>;
  readonly watch: PairWatch;
}

export const PAIR_PORT = 7_003;
const RECONNECT_MS = 200;
/** Both ends say so often that they live; who has heard nothing for so long takes the link for lost (LG6). */
const ALIVE_EVERY_MS = 1_000;
const SILENCE_MAX_MS = 2_500;
const ALIVE = 'alive';
const FSYNC_MAX_MS = 40;

export class PairMemberProgram extends SipServerProgram {
  declare readonly node: PairNode;
  readonly #member: MemberOptions;
  readonly #life: string;
  readonly #random: Random;
  #mate: StreamEnd | undefined;
  #isLinked = false;
  #heardAt: Millis = 0;
  #linkDueAt: Millis = Number.POSITIVE_INFINITY;
  /** Agents who have answered a stamp of the server that thinks here now (LL3). */
  readonly #hasAnswered = new Set<string>();
  /** Connections of clients that come with a position of a former epoch. */
  readonly #comeBack = new Set<string>();
  /** By a planted defect: those who have come back and not heard anything yet. */
  readonly #behind = new Set<string>();
  #rings = 0;
  /** Absent before the first configuration. */
  #probes: WholeProbes | undefined;
  /** Which work it does not do, by a fault. */
  grey: Greyness | undefined;
  /** By a planted defect: what goes to the mate with the next word on the roles only. */
  readonly #heldBack: MirrorMessage[] = [];

  constructor(process: Process, options: MemberOptions, now: Millis) {
    super(process, options, now);
    this.#member = options;
    this.#life = `${process.name}#${process.life}`;
    this.#random = process.world.fork(process.index * 1_000 + 700 + process.life);
  }

  protected override get isMember(): boolean {
    return true;
  }

  /** Whether it decides as primary if something reaches it at this instant (PR1). */
  get acts(): boolean {
    return this.isConfigured && mayAct(this.node.parts.pair, this.process.now());
  }

  /** Everything that its server holds, for a comparison with what the mate has of it. */
  get holding(): Iterable<KeyedRecord> {
    return this.server?.holding(this.process.now()).records ?? [];
  }

  get isStopped(): boolean {
    return this.process.state === 'paused';
  }

  get epoch(): number {
    return this.parts?.log.epoch ?? 0;
  }

  get pair(): PairNode['parts'] | undefined {
    return this.isConfigured ? this.node.parts : undefined;
  }

  /** Of the mate, as whoever serves sees it. */
  get mateState(): string {
    return this.pair?.leading?.stateOf(MATE_NAME) ?? 'unlinked';
  }

  /** Entries that the mate is not known to hold. */
  get unacknowledged(): number {
    const leading = this.pair?.leading;
    return leading === undefined ? 0 : leading.last - leading.ackedBy(MATE_NAME);
  }

  /** HR3: its own word that the members could change roles now. */
  get couldYield(): boolean {
    return this.isConfigured && this.node.report(this.process.now()).upgrade.ok;
  }

  override isRoutable(dn: string): boolean {
    return this.acts && super.isRoutable(dn);
  }

  operator(now: Millis, word: 'promote' | 'demote'): void {
    if (this.isConfigured) this.tell(now, { type: 'operator', word });
  }

  protected override makeNode(options: SipServerOptions): PairNode {
    const { process } = this;
    process.listenStreams(PAIR_PORT);
    process.listenDatagrams(ARBITER_PORT);
    process.showAs(this.#member.address, SIP_PORT);
    if (this.#member.connectsTo !== undefined) this.#linkDueAt = options.now;
    const { address } = this.#member;
    const { realm } = options.configuration;
    const at = { address, realm, random: process.world.fork(process.index * 1_000 + 900 + process.life) };
    this.#probes = new WholeProbes(process, at, (probed) => this.#probed(probed));
    return new PairNode({
      ...options,
      probe: ownProbe(realm),
      member: {
        name: this.#member.application,
        process: this.#life,
        epochLeast: process.wallMs(),
        written: this.#member.disk.written,
        options: this.#member.role,
      },
    });
  }

  override tell(now: Millis, input: PairInput): void {
    super.tell(now, input);
    this.#settle();
  }

  // ── the link between the members ─────────────────────────────────────────────────────────────────────────

  override accepted(now: Millis, end: StreamEnd, port: number): void {
    if (port !== PAIR_PORT) return super.accepted(now, end, port);
    this.#unlink(now, 'the mate has connected anew');
    this.#mate = end;
    this.#linked(now);
  }

  override opened(now: Millis, end: StreamEnd): void {
    if (end === this.#mate) this.#linked(now);
    else super.opened(now, end);
  }

  override message(now: Millis, end: StreamEnd, message: unknown): void {
    if (end !== this.#mate) return end.tag === MATE ? undefined : super.message(now, end, message);
    this.#heardAt = now;
    if (message === ALIVE) return;
    const { defect } = this.#member;
    const heard = asFollower(defect, message as MirrorMessage, this.node.parts.store.number);
    if (heard !== undefined) this.tell(now, { type: 'mateMessage', message: heard });
  }

  override closed(now: Millis, end: StreamEnd, reason: CloseReason): void {
    if (end === this.#mate) this.#unlink(now, reason);
    else if (end.tag !== MATE) super.closed(now, end, reason);
  }

  #linked(now: Millis): void {
    if (this.#mate !== undefined) this.#mate.tag = MATE;
    this.#isLinked = true;
    this.#heardAt = now;
    this.#linkDueAt = now + ALIVE_EVERY_MS;
    this.tell(now, { type: 'mateLinked' });
  }

  #unlink(now: Millis, because: string): void {
    if (this.#mate === undefined) return;
    this.#mate.close();
    this.#mate = undefined;
    const connects = this.#member.connectsTo !== undefined;
    this.#linkDueAt = connects ? now + RECONNECT_MS : Number.POSITIVE_INFINITY;
    if (!this.#isLinked) return;
    this.#isLinked = false;
    this.tell(now, { type: 'mateUnlinked', because });
  }

  #tendLink(now: Millis): void {
    if (now < this.#linkDueAt) return;
    this.#linkDueAt = now + ALIVE_EVERY_MS;
    const { connectsTo } = this.#member;
    if (this.#mate === undefined && connectsTo !== undefined) {
      this.#mate = this.process.connect(connectsTo);
      this.#mate.tag = MATE;
    } else if (this.#isLinked && now - this.#heardAt >= SILENCE_MAX_MS)
      this.#unlink(now, 'nothing was heard of the mate');
    else this.#mate?.send(ALIVE);
  }

  override nextDeadline(): Millis | undefined {
    const none = Number.POSITIVE_INFINITY;
    return Math.min(this.#linkDueAt, super.nextDeadline() ?? none, this.#probes?.nextDeadline() ?? none);
  }

  override expire(now: Millis): void {
    this.#tendLink(now);
    this.#probes?.expire(now);
    super.expire(now);
    this.#settle();
  }

  // ── the arbiter and the disk ─────────────────────────────────────────────────────────────────────────────

  override datagram(now: Millis, message: unknown, source: Address, port?: number): void {
    if (port === PROBE_PORT) return this.#probes?.datagram(now, message, source);
    if (port !== ARBITER_PORT) return this.grey === 'deaf' ? undefined : super.datagram(now, message, source);
    const said = message as FromArbiter;
    if (said.type === 'watched') this.tell(now, { type: 'keySeen', seen: said.seen });
    else if (said.to === this.#life) this.tell(now, { type: 'arbiterAnswer', answer: said.answer });
  }

  override lookedUp(now: Millis, id: string, answer: unknown): void {
    if (id !== EPOCH_FILE) return super.lookedUp(now, id, answer);
    const epoch = answer as number;
    this.#member.disk.written = epoch;
    this.tell(now, { type: 'wroteEpoch', epoch });
  }

  protected override performAsMember(now: Millis, effect: MemberEffect): void {
    const { process } = this;
    const { arbiter, census, defect } = this.#member;
    switch (effect.type) {
      case 'sendToMate': {
        const believed = asPrimary(defect, effect.message);
        if (believed === undefined) return this.#sendToMate(effect.message);
        this.#heldBack.push(effect.message);
        return this.tell(now, { type: 'mateMessage', message: believed });
      }
      case 'askArbiter': {
        const asked = { from: this.#life, request: effect.request };
        return process.sendDatagram(asked, arbiter, ARBITER_PORT);
      }
      case 'writeEpoch': {
        const { world, life } = process;
        const at = world.at + FSYNC_MAX_MS * this.#random();
        return world.schedule(at, EventKind.lookedUp, process, life, EPOCH_FILE, effect.epoch);
      }
      case 'confirmed':
      case 'yields':
        // No simulated host has a supervisor of its own.
        return;
      case 'role':
        census.count(effect.because.rule);
        process.world.note(process.name, `is ${effect.role} in ${effect.epoch}`, effect.because);
        return this.#roleChanged(now);
      case 'probe':
        return this.#probes?.ask(now, effect, this.grey);
      default:
        unreachable(effect);
    }
  }

  #probed(probed: Probed): void {
    const { census } = this.#member;
    if (!probed.ok) census.count(probed.probe === 'disk' ? 'GF6' : 'GF1');
    this.tell(this.process.now(), probed);
  }

  #sendToMate(message: MirrorMessage): void {
    for (const one of [...this.#heldBack.splice(0), message])
      if (!this.#member.watch.isLost(one)) this.#mate?.send(asTold(this.#member.defect, one));
  }

  // ── serving ──────────────────────────────────────────────────────────────────────────────────────────────

  #roleChanged(now: Millis): void {
    const { server } = this.node.parts;
    if (server === this.server) return;
    if (this.server !== undefined) this.stopServing();
    if (server === undefined) return;
    this.#hasAnswered.clear();
    this.#comeBack.clear();
    this.serve(server);
    plantAtTakeover(this.#member.defect, server, now);
    this.#member.watch.tookOver(this);
  }

  /** Whoever acts has the address, also when another took it meanwhile and did not come to act. */
  #settle(): void {
    if (!this.isConfigured) return;
    const { process } = this;
    if (this.acts && process.state === 'running' && this.server !== undefined) {
      const { net } = process.world;
      const { address, census } = this.#member;
      if (net.host(address) !== process.host) {
        net.moveAddress(address, process.host);
        census.count('PR10');
      }
    }
    this.#member.watch.stepped(this);
  }

  protected override connectionMessage(connection: string, message: unknown): SipServerInput {
    const read = message as DeskRequest;
    const isAnswer = read.type === 'StampAnswer' || read.type === 'AgentLogin';
    if (isAnswer && read.stamp.pairEpoch === this.epoch) this.#answers(read.dn);
    if (read.type === 'RegisterClient' && read.resume !== undefined && read.resume.epoch < this.epoch)
      this.#comeBack.add(connection);
    if (read.type === 'ReleaseCall') this.#member.watch.released(read.ConnID);
    return super.connectionMessage(connection, message);
  }

  #answers(dn: string): void {
    if (this.#hasAnswered.has(dn)) return;
    this.#hasAnswered.add(dn);
    // Who is logged in here and has logged in elsewhere: at the former primary.
    if (this.hasAgent(dn)) this.#member.census.count('SS52');
  }

  /** LL2, LL3: judged when it is decided, since what is decided leaves later. */
  protected override decided(effects: CentreEffect[]): CentreEffect[] {
    for (const effect of effects) {
      if (effect.type !== 'ring' || effect.trunk !== undefined) continue;
      const { dn } = effect;
      if (!this.hasAgent(dn) || !this.ringsForQueue(dn)) continue;
      this.#member.offered(this, dn, `${this.#life} ${++this.#rings}`);
      if (this.#hasAnswered.has(dn)) continue;
      this.process.world.fail(
        'no-offer-before-answer',
        `${this.process.name} offers a call to ${dn}, who has answered no stamp of epoch ${this.epoch}`,
      );
    }
    return super.decided(effects);
  }

  /** A planted defect: of what a client has missed it gets all but the first. */
  #isLostToWhoComesBack(connection: string, said: DeskReply): boolean {
    if (this.#member.defect !== 'missed-event-lost') return false;
    if (said.type === 'ServerInfo' && said.resumed) this.#behind.add(connection);
    return said.type === 'Event' && this.#behind.delete(connection);
  }

  /** LG2: what has left for a client was told; what a stopped process has not sent was not. */
  protected override send(connection: string, message: unknown): void {
    const said = message as DeskReply;
    if (this.#isLostToWhoComesBack(connection, said)) return;
    super.send(connection, message);
    if (said.type === 'ServerInfo' && this.#comeBack.delete(connection) && said.resumed)
      this.#member.census.count('SS51');
    if (said.type === 'Event' && this.process.state === 'running') this.#member.watch.told(said.position);
  }
}

type KeyedRecord = readonly [key: string, value: Plain];
/** As the node names its mate among its followers. */
const MATE_NAME = '';
const MATE = 'mate';
const EPOCH_FILE = 'epoch file';
