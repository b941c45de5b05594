/**
 * A pair of SIP Servers in the world of the tests: two members, an arbiter and a link between the members, one SIP
 * address that belongs to whoever serves. Members can be killed, stopped, continued and started again; the link
 * and the arbiter can be cut.
 */
import {
  type ArbiterAnswer,
  type ArbiterRequest,
  compareRevisions,
  type KeySeen,
  mayAct,
  type PairRoleName,
} from '@holdfast/continuity';
import { type LogLine, type Millis, must } from '@holdfast/kernel';
import { type MirrorMessage, mirrorMessage } from '@holdfast/protocol';
import { type ParseFailure, portableHashes, type SipMessage, type Source } from '@holdfast/sip';
import type { SipServerConfiguration } from '../../sip-server/configuration.ts';
import type { SipServerEffect, SipServerInput } from '../../sip-server/effects.ts';
import { PeerLink, type ReachedSite } from '../../sip-server/testing/peer-link.ts';
import {
  configurationOf,
  SERVER,
  soundOf,
  verifyToken,
  WALL,
  type Wire,
} from '../../sip-server/testing/server-site.ts';
import { type Party, SIP_PORT, type World } from '../../sip-server/testing/server-world.ts';
import type { OutsideProbe, ProbeAsked } from '../fitness-watch.ts';
import type { PairEffect, PairInput } from '../pair-effects.ts';
import { PairNode } from '../pair-node.ts';

export const SECRET = 'the secret of all servers';
const LINK_DELAY_MS = 1;
const DESK_DELAY_MS = 2;
const DISK_MS = 3;
const RECONNECT_MS = 200;
/** No test sends anything as it. */
const PROBE = { credentials: {} };
export type MemberName = 'a' | 'b';
const MATE = { a: 'b', b: 'a' } as const;

/** One process of a member. */
class Process {
  readonly node: PairNode;
  readonly desks = new Map<string, Wire>();
  serves = false;
  role: PairRoleName = 'starting';
  /** Until when it has told its host's supervisor that it may act. */
  toldUntil: Millis | undefined;
  isStopped = false;
  isDead = false;
  readonly waiting: PairInput[] = [];
  /** To the SIP Server of the other site. */
  readonly peer: PeerLink;

  constructor(node: PairNode, peer: PeerLink) {
    this.node = node;
    this.peer = peer;
  }
}

export class PairSite implements Party {
  readonly host: string;
  readonly world: World;
  readonly logs: LogLine[] = [];
  readonly announced: string[] = [];
  /** SIP messages that each member has sent. */
  readonly sent: Record<MemberName, number> = { a: 0, b: 0 };
  /** Between the two members, and between each and the arbiter. */
  isLinkCut = false;
  /** So long an input keeps each member busy before what has come of it leaves (PR6). */
  thinksMs: Millis = 0;
  isArbiterCut = false;
  /** Entries that were sent to the mate. */
  readonly entries: Extract<MirrorMessage, { type: 'entry' }>[] = [];
  /** Entries of the mirror that are lost on the way, by chance: a defect of the link that must be noticed. */
  entryLoss = 0;
  /** Who has told the supervisor of its host that it offers its role. */
  readonly yielded: MemberName[] = [];
  /** Probes that were asked of a member, and those that fail at one. */
  readonly probed: string[] = [];
  /** A member to which no SIP comes any more, whatever it sends; but from these hosts it does. */
  readonly isDeaf = { a: false, b: false };
  readonly stillHeard = new Set<string>();
  readonly failing = { a: new Set<OutsideProbe>(), b: new Set<OutsideProbe>() };
  /** By host: the servers of the other site. */
  readonly servers = new Map<string, ReachedSite>();
  /** Connections that a member has asked for, by the number of the attempt. */
  readonly attempts: Record<MemberName, number[]> = { a: [], b: [] };
  readonly #members = new Map<MemberName, Process>();
  readonly #written: Record<MemberName, number> = { a: 0, b: 0 };
  readonly #configuration: SipServerConfiguration;
  #key: KeySeen = { revision: { start: 0, count: 0 }, key: undefined };
  /** Who has taken the SIP address last: it moves with the role (PR10). */
  #address: MemberName | undefined;
  #lives = 0;
  #links = 0;
  #sounds = 0;

  constructor(
    world: World,
    more: Partial<SipServerConfiguration> = {},
    { host = SERVER, servers = [] }: { host?: string; servers?: readonly ReachedSite[] } = {},
  ) {
    this.world = world;
    this.host = host;
    this.#configuration = configurationOf(more);
    for (const each of servers) this.servers.set(each.host, each);
    world.add(this);
    this.start('a');
    world.run(50);
    this.start('b');
  }

  /** How much longer the supervisor of that member's host believes that it may act (PR8); 0 or less: not any more. */
  mayActFor(name: MemberName): Millis {
    return (this.#members.get(name)?.toldUntil ?? this.world.now) - this.world.now;
  }

  start(name: MemberName): void {
    const { world } = this;
    this.#lives += 1;
    const member = {
      name: `sip-${name}`,
      process: `${name}${this.#lives}`,
      epochLeast: Math.floor(WALL + world.now),
      written: this.#written[name],
    };
    const node = new PairNode({
      configuration: { ...this.#configuration, application: member.name },
      random: world.random,
      hashes: portableHashes,
      wallOffsetMs: WALL,
      now: world.now,
      sentBy: () => ({ host: this.host, port: SIP_PORT }),
      verifyToken,
      serverSecret: SECRET,
      probe: PROBE,
      member,
    });
    const peer: PeerLink = new PeerLink(world, this.host, this.servers, (input) => {
      // Not to a later process of that name.
      if (this.#members.get(name)?.peer === peer) this.#input(name, { type: 'peer', input });
    });
    this.#members.set(name, new Process(node, peer));
    // What the start wants comes out with the first input.
    this.#wake(name);
    this.#link();
    world.touch(this);
  }

  /** SIGKILL: connections break at once; the mate is told by nobody but the broken link. */
  kill(name: MemberName): void {
    const member = must(this.#members.get(name), 'it runs');
    member.isDead = true;
    this.#members.delete(name);
    member.peer.drop();
    for (const desk of member.desks.values()) desk.closedBecause = 'the server died';
    this.#unlink('the connection was reset');
    this.world.touch(this);
  }

  /** SIGSTOP: it neither reads nor answers; its connections stand. */
  stop(name: MemberName): void {
    must(this.#members.get(name), 'it runs').isStopped = true;
    this.world.touch(this);
  }

  /** SIGCONT: it reads what has come meanwhile. */
  continue(name: MemberName): void {
    const member = must(this.#members.get(name), 'it runs');
    member.isStopped = false;
    this.#wake(name);
    for (const input of member.waiting.splice(0)) this.#handle(name, member, input);
    this.world.touch(this);
  }

  cutLink(isCut: boolean): void {
    this.isLinkCut = isCut;
    if (isCut) this.#unlink('the network is cut');
    else this.#link();
  }

  operator(name: MemberName, word: 'promote' | 'demote' | 'actAlone'): void {
    this.#input(name, { type: 'operator', word });
  }

  /** Those that decide as primary at this very moment. */
  acting(): MemberName[] {
    return [...this.#members].flatMap(([name, { node, isStopped }]) =>
      !isStopped && mayAct(node.parts.pair, this.world.now) ? [name] : [],
    );
  }

  isUp(name: MemberName): boolean {
    return this.#members.has(name);
  }

  node(name: MemberName): PairNode {
    return must(this.#members.get(name), 'it runs').node;
  }

  /** The SIP Server of whoever serves. */
  get server() {
    const [name] = this.acting();
    return must(name && this.node(name).parts.server, 'somebody is primary');
  }

  // ── Party ────────────────────────────────────────────────────────────────────────────────────────────────

  sip(message: SipMessage, source: Source): void {
    this.#toServing({ type: 'sip', message, source }, this.stillHeard.has(source.host));
  }

  malformed(failure: ParseFailure, source: Source): void {
    this.#toServing({ type: 'sipMalformed', failure, source });
  }

  failed(what: { readonly transaction?: string; readonly flow?: string }): void {
    this.#toServing({ type: 'sipFailed', ...what });
  }

  nextDeadline(): Millis | undefined {
    const next = [...this.#members.values()].flatMap(({ node, isStopped }) =>
      isStopped ? [] : [node.nextDeadline() ?? Number.POSITIVE_INFINITY],
    );
    return next.length === 0 ? undefined : Math.min(...next);
  }

  wake(): void {
    for (const name of [...this.#members.keys()]) this.#wake(name);
  }

  #wake(name: MemberName): void {
    const member = this.#members.get(name);
    if (member !== undefined && !member.isStopped)
      this.#perform(name, member, member.node.expire(this.world.now));
  }

  #toServing(input: SipServerInput, isHeard = false): void {
    if (!isHeard && this.#address !== undefined && this.isDeaf[this.#address]) return;
    const member = this.#address && this.#members.get(this.#address);
    if (this.#address !== undefined && member?.serves === true) this.#handle(this.#address, member, input);
  }

  // ── desks ────────────────────────────────────────────────────────────────────────────────────────────────

  /** A desk tries both members; whoever does not serve refuses the connection. */
  connect(desk: Wire): void {
    const name = this.#address;
    const member = name && this.#members.get(name);
    if (name === undefined || member?.serves !== true) {
      desk.closedBecause = 'refused';
      return;
    }
    member.desks.set(desk.connection, desk);
    this.#input(name, { type: 'opened', connection: desk.connection });
  }

  disconnect(desk: Wire): void {
    const { connection } = desk;
    for (const [name, member] of this.#members)
      if (member.desks.delete(connection)) this.#input(name, { type: 'closed', connection });
  }

  fromDesk(desk: Wire, message: Extract<SipServerInput, { type: 'message' }>['message']): void {
    this.world.after(DESK_DELAY_MS, () => {
      for (const [name, member] of this.#members)
        if (member.desks.get(desk.connection) === desk)
          this.#input(name, { type: 'message', connection: desk.connection, message });
    });
  }

  // ── inputs and effects ───────────────────────────────────────────────────────────────────────────────────

  #input(name: MemberName, input: PairInput): void {
    const member = this.#members.get(name);
    if (member !== undefined) this.#handle(name, member, input);
    this.world.touch(this);
  }

  #handle(name: MemberName, member: Process, input: PairInput): void {
    if (member.isDead) return;
    if (member.isStopped) member.waiting.push(input);
    else this.#perform(name, member, member.node.handle(this.world.now, input));
  }

  #perform(name: MemberName, member: Process, effects: readonly PairEffect[]): void {
    for (const effect of effects) if (!member.isDead) this.#performOne(name, member, effect);
    for (const effect of member.node.outgoing(this.world.now + this.thinksMs))
      if (!member.isDead) this.#performOne(name, member, effect);
  }

  #performOne(name: MemberName, member: Process, effect: PairEffect): void {
    const { world } = this;
    switch (effect.type) {
      case 'sendToMate':
        return this.#toMate(name, effect.message);
      case 'askArbiter':
        return this.#askArbiter(name, member, effect.request);
      case 'writeEpoch':
        return world.after(DISK_MS, () => {
          if (member.isDead) return;
          this.#written[name] = effect.epoch;
          this.#later(name, member, { type: 'wroteEpoch', epoch: effect.epoch });
        });
      case 'probe':
        return this.#probe(name, member, effect);
      case 'yields':
        this.yielded.push(name);
        return;
      case 'confirmed':
        member.toldUntil = world.now + effect.remainsMs;
        return;
      case 'role':
        member.role = effect.role;
        if (!effect.serves && member.serves) member.peer.drop();
        if (!effect.serves) {
          for (const desk of member.desks.values()) desk.closedBecause = 'no longer primary';
          member.desks.clear();
        }
        if (effect.serves && !member.serves) this.#address = name;
        member.serves = effect.serves;
        return;
      default:
        return this.#performServer(name, member, effect);
    }
  }

  /** Nothing is tried for real: a test says what fails. */
  #probe(name: MemberName, member: Process, { n, probe }: ProbeAsked): void {
    this.probed.push(`${name} ${probe}`);
    const ok = !this.failing[name].has(probe);
    this.#later(name, member, { type: 'probed', n, probe, ok, because: ok ? 'it went well' : 'it failed' });
  }

  #performServer(name: MemberName, member: Process, effect: SipServerEffect): void {
    switch (effect.type) {
      case 'transmit':
        this.sent[name] += 1;
        return this.world.transmit(this, effect);
      case 'lookup': {
        const answer = { type: 'none', ttlS: 0 } as const;
        return this.#later(name, member, { type: 'lookedUp', id: effect.id, answer });
      }
      case 'send': {
        const desk = member.desks.get(effect.connection);
        if (desk !== undefined) this.world.after(DESK_DELAY_MS, () => desk.receive(effect.message));
        return;
      }
      case 'close': {
        const desk = member.desks.get(effect.connection);
        if (desk === undefined) return;
        desk.closedBecause = effect.why;
        return this.world.after(0, () => this.disconnect(desk));
      }
      case 'treatmentStart': {
        this.announced.push(`${name} start ${effect.kind}`);
        const sdp = soundOf(this.host, ++this.#sounds);
        return this.#later(name, member, { type: 'treatmentReady', id: effect.id, sdp });
      }
      case 'peer':
        if (effect.effect.type === 'sipConnect') this.attempts[name].push(effect.effect.attempt);
        return member.peer.perform(effect.effect);
      case 'treatmentRemote':
      case 'treatmentStop':
        return;
      case 'log':
        this.logs.push(effect.line);
    }
  }

  #later(name: MemberName, member: Process, input: PairInput): void {
    this.world.after(1, () => {
      this.#handle(name, member, input);
      this.world.touch(this);
    });
  }

  // ── between the members, and the arbiter ─────────────────────────────────────────────────────────────────

  #link(): void {
    if (this.isLinkCut || this.#members.size < 2) return;
    const link = ++this.#links;
    this.world.after(RECONNECT_MS, () => {
      if (link !== this.#links || this.isLinkCut || this.#members.size < 2) return;
      for (const name of [...this.#members.keys()]) this.#input(name, { type: 'mateLinked' });
    });
  }

  #unlink(because: string): void {
    this.#links += 1;
    for (const [name, member] of [...this.#members])
      this.#later(name, member, { type: 'mateUnlinked', because });
    this.#link();
  }

  #toMate(from: MemberName, message: MirrorMessage): void {
    const link = this.#links;
    // What cannot be written to the wire must not be sent.
    const read = mirrorMessage.parse(JSON.parse(JSON.stringify(message)));
    if (read.type === 'entry') this.entries.push(read);
    if (read.type === 'entry' && this.world.random() < this.entryLoss) return;
    const mate = this.#members.get(MATE[from]);
    this.world.after(LINK_DELAY_MS, () => {
      if (mate === undefined || this.isLinkCut || link !== this.#links) return;
      this.#handle(MATE[from], mate, { type: 'mateMessage', message: read });
      this.world.touch(this);
    });
  }

  #askArbiter(name: MemberName, member: Process, request: ArbiterRequest): void {
    this.world.after(LINK_DELAY_MS, () => {
      if (this.isArbiterCut) return;
      const answer = this.#decide(request);
      this.world.after(LINK_DELAY_MS, () => {
        this.#handle(name, member, { type: 'arbiterAnswer', answer });
        this.world.touch(this);
      });
    });
  }

  #decide(request: ArbiterRequest): ArbiterAnswer {
    const { n } = request;
    if (request.type === 'read') return { type: 'stands', n, seen: this.#key };
    if (compareRevisions(request.ifRevision, this.#key.revision) !== 0)
      return { type: 'not-swapped', n, seen: this.#key };
    const { start, count } = this.#key.revision;
    this.#key = { revision: { start, count: count + 1 }, key: request.key };
    return { type: 'swapped', n, seen: this.#key };
  }
}
