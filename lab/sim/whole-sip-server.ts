/** The SIP Server of a simulated site, a real node in its shell, which reads its configuration over a link. */
import type { CentreEffect, Configuration } from '@holdfast/centre';
import { assert, type Millis, must, type Node } from '@holdfast/kernel';
import type { DeskReply, DeskRequest } from '@holdfast/protocol';
import {
  LedServer,
  type PairEffect,
  type PairInput,
  readSipServerConfiguration,
  type ServerAddress,
  type SipLinkInput,
  type SipServerConfiguration,
  type SipServerEffect,
  type SipServerInput,
  type SipServerNode,
  type SipServerOptions,
} from '@holdfast/servers';
import type { LegId, LookupAnswer, SipMessage, Source } from '@holdfast/sip';
import { createResponse, toOf, writeSdp } from '@holdfast/sip';
import { SIP_PORT } from './node-program.ts';
import type { CloseReason, Process } from './process.ts';
import type { RuleCensus } from './rule-census.ts';
import type { StreamEnd } from './stream.ts';
import { FollowedConfiguration } from './whole-configuration.ts';
import {
  asConfigured,
  asRead,
  asReceived,
  asSaid,
  isBelieved,
  isSwallowed,
  plantInCentre,
  type WholeDefect,
} from './whole-defects.ts';
import { EmergencyCalls } from './whole-emergency.ts';
import { EndedCalls } from './whole-ended.ts';
import { Crossings } from './whole-forwards.ts';
import { Repeats } from './whole-repeats.ts';
import { WholeServerLink } from './whole-server-link.ts';
import { CLIENT_PORT, nodeHashes, readToken } from './whole-servers.ts';
import { SipProgram } from './whole-sip-program.ts';

/** What a check asks about the agent on a DN to whom an INVITE leaves. */
export interface OfferingSite {
  hasAgent(dn: string): boolean;
  isRoutable(dn: string): boolean;
  ringsForQueue(dn: string): boolean;
}

/** What a check may want to know of every INVITE that leaves for a phone. */
export type OfferObserver = (site: OfferingSite, dn: string, transaction: string) => void;

export interface SipServerProgramOptions {
  readonly application: string;
  readonly secret: string;
  /** Where SIP is spoken. */
  readonly address: string;
  /** Where the configuration is read, the own site's first. */
  readonly configServers: readonly ServerAddress[];
  readonly offered: OfferObserver;
  /** Sees everything that is sent. */
  readonly answers: (message: SipMessage) => void;
  readonly census: RuleCensus;
  readonly defect: WholeDefect | undefined;
}

/** What only a member of a pair wants done. */
export type MemberEffect = Exclude<PairEffect, SipServerEffect>;
type Transmit = Extract<SipServerEffect, { type: 'transmit' }>;

export class SipServerProgram extends SipProgram<PairInput, PairEffect> {
  /** Only once the first configuration has been read: until then no port is open. */
  declare readonly node: Node<PairInput, PairEffect>;
  /** The server that thinks; a member of a pair has one while it is primary. */
  protected server: SipServerNode | undefined;
  /** Of that server: asked for after each step of the world, and always the same. */
  #parts: SipServerNode['parts'] | undefined;
  readonly #options: SipServerProgramOptions;
  readonly #followed: FollowedConfiguration;
  readonly #peer: WholeServerLink;
  #leaseLengthMs: Millis = 0;
  readonly #emergencies = new EmergencyCalls();
  readonly #crossings = new Crossings();
  #repeats: Repeats | undefined;
  #ended: EndedCalls | undefined;
  /** Of the last input, on this process's clock. */
  #toldAt: Millis | undefined;
  /** Agents who may have become routable in this turn, and whether any may have (LL: nothing else makes one so). */
  readonly #maybeRoutable = new Set<string>();
  #anyMaybeRoutable = false;
  /** Turns of the centre, counted: what a check compares to know that something may have changed. */
  centreTurns = 0;

  constructor(process: Process, options: SipServerProgramOptions, now: Millis) {
    super(process);
    this.#options = options;
    this.#peer = new WholeServerLink(process);
    const { application, secret, configServers: servers, census } = options;
    this.#followed = new FollowedConfiguration(process, {
      application,
      secret,
      servers,
      now,
      random: process.world.fork(process.index * 1_000 + 500 + process.life),
      census,
      took: (at, configuration) => this.#configured(at, configuration),
    });
  }

  /** Undefined before the first configuration, and at a member of a pair that is not primary. */
  get parts(): SipServerNode['parts'] | undefined {
    return this.#parts;
  }

  protected get isConfigured(): boolean {
    return (this.node as SipServerProgram['node'] | undefined) !== undefined;
  }

  /** LL2: whether a call that came now would be offered to the agent on this DN. */
  isRoutable(dn: string): boolean {
    const parts = this.parts;
    // The state itself: a view of it would be made for each look.
    const agent = parts?.centre.stateToCheck.dns.get(dn)?.agent;
    if (parts === undefined || agent === undefined) return false;
    return parts.lease.isRoutable(agent.agentId, agent.epoch, this.process.now());
  }

  hasAgent(dn: string): boolean {
    return this.parts?.centre.agentOn(dn) !== undefined;
  }

  ringsForQueue(dn: string): boolean {
    const calls = this.parts?.centre.dnSnapshot(dn, 0)?.calls ?? [];
    return calls.some((call) => call.state === 'Ringing' && call.ThisQueue !== undefined);
  }

  /** The DNs whose agent may have become routable since the last look; `all` where no one can be named. */
  takeMaybeRoutable(): readonly string[] | 'all' {
    if (this.#anyMaybeRoutable) {
      this.#anyMaybeRoutable = false;
      this.#maybeRoutable.clear();
      return 'all';
    }
    if (this.#maybeRoutable.size === 0) return NONE;
    const dns = [...this.#maybeRoutable];
    this.#maybeRoutable.clear();
    return dns;
  }

  protected get isMember(): boolean {
    return false;
  }

  #configured(now: Millis, configuration: Configuration): void {
    const read = readSipServerConfiguration(configuration, this.#options.application);
    assert(read.ok, read.ok ? '' : read.text);
    this.#leaseLengthMs = read.configuration.leaseLengthMs;
    const { defect } = this.#options;
    const leaseLengthMs = defect === 'no-lease-check' ? NEVER_MS : this.#leaseLengthMs;
    const next = asConfigured(defect, { ...read.configuration, leaseLengthMs });
    if (!this.isConfigured) return this.#open(now, next);
    const agents = this.parts?.centre.agents().length ?? 0;
    this.tell(now, { type: 'configuration', configuration: next });
    if (agents > 0 && this.parts?.centre.agents().length === agents) this.#options.census.count('QU15');
  }

  #open(now: Millis, configuration: SipServerConfiguration): void {
    const { process } = this;
    const host = this.#options.address;
    const node = this.makeNode({
      configuration,
      random: process.world.fork(process.index * 1_000 + process.life),
      hashes: nodeHashes,
      wallOffsetMs: process.wallOffsetMs(),
      now,
      sentBy: () => ({ host, port: SIP_PORT }),
      verifyToken: readToken,
      serverSecret: this.#options.secret,
      logEntriesMax: 5_000,
    });
    (this as { node: SipServerProgram['node'] }).node = node;
  }

  /** What runs in this process; a server alone opens its ports at once. */
  protected makeNode(options: SipServerOptions): SipServerProgram['node'] {
    const node = new LedServer(options);
    this.serve(node.server);
    return node;
  }

  /** A server thinks here from now on, and its ports are open. */
  protected serve(server: SipServerNode): void {
    this.server = server;
    this.#parts = server.parts;
    const { centre } = this.#parts;
    const { defect, census } = this.#options;
    plantInCentre(centre, defect);
    const fail = (check: string, detail: string) =>
      this.process.world.fail(check, `${this.process.name}: ${detail}`);
    this.#repeats = new Repeats(this.#parts, { census, defect, fail });
    this.#ended = new EndedCalls(this.#parts, defect, fail);
    const handle = centre.handle.bind(centre);
    const expire = centre.expire.bind(centre);
    centre.handle = (at, input) => {
      this.centreTurns++;
      return this.decided(handle(at, input));
    };
    centre.expire = (at) => {
      const due = centre.nextDeadline();
      if (due !== undefined && due <= at) this.centreTurns++;
      return this.decided(expire(at));
    };
    this.process.listenDatagrams(SIP_PORT);
    this.process.listenStreams(SIP_PORT);
    this.process.listenStreams(CLIENT_PORT);
  }

  /** Nobody thinks here any more: every port is closed, and every connection. */
  protected stopServing(): void {
    this.server = undefined;
    this.#parts = undefined;
    this.process.stopListening([SIP_PORT, CLIENT_PORT]);
    this.#peer.drop();
    this.closeAll();
  }

  /** What the centre wants done, when it has just decided it. */
  protected decided(effects: CentreEffect[]): CentreEffect[] {
    for (const effect of effects) this.#options.census.centreWants(effect);
    return effects;
  }

  override tell(now: Millis, input: PairInput): void {
    // LL2: an input after a stop longer than a lease is decided on with the leases as they are now.
    if (this.#toldAt !== undefined && now - this.#toldAt > this.#leaseLengthMs)
      this.#options.census.count('LL2');
    this.#toldAt = now;
    this.#repeats?.begin();
    super.tell(now, input);
  }

  override opened(now: Millis, end: StreamEnd): void {
    if (this.#followed.owns(end)) this.#followed.opened(now, end);
    else if (this.#peer.owns(end)) this.#tellPeer(now, this.#peer.opened(end));
    else super.opened(now, end);
  }

  override message(now: Millis, end: StreamEnd, message: unknown): void {
    if (this.#followed.owns(end)) this.#followed.message(now, end, message);
    else if (this.#peer.owns(end)) this.#heardOfPeer(now, end, message as DeskReply);
    else super.message(now, end, message);
  }

  override closed(now: Millis, end: StreamEnd, reason: CloseReason): void {
    if (this.#followed.owns(end)) this.#followed.closed(now, end, reason);
    else if (this.#peer.owns(end)) this.#tellPeer(now, this.#peer.closed(end, reason));
    else super.closed(now, end, reason);
  }

  #heardOfPeer(now: Millis, end: StreamEnd, reply: DeskReply): void {
    if (reply.type === 'Mirror' && reply.message.type === 'entry')
      this.#options.census.count(this.server === undefined ? 'SS54' : 'LG4');
    this.#tellPeer(now, this.#peer.message(end, reply));
  }

  #tellPeer(now: Millis, input: SipLinkInput | undefined): void {
    if (input === undefined) return;
    const said = input.type === 'sipMessage' ? input.message.type : undefined;
    // What the other site says, or that it says no more, may admit a log-in that waits.
    if (said !== 'Pong' && said !== 'Ping' && said !== 'Event') this.#anyMaybeRoutable = true;
    if (said === 'Done') this.#options.census.count('SS71');
    this.tell(now, { type: 'peer', input });
  }

  override clockJumped(now: Millis, wallOffsetMs: Millis): void {
    this.#anyMaybeRoutable = true;
    if (this.isConfigured) super.clockJumped(now, wallOffsetMs);
  }

  override nextDeadline(): Millis | undefined {
    const followed = this.#followed.nextDeadline();
    const own = this.isConfigured ? this.node.nextDeadline() : undefined;
    if (followed === undefined || own === undefined) return followed ?? own;
    return Math.min(followed, own);
  }

  override expire(now: Millis): void {
    this.#followed.expire(now);
    if (!this.isConfigured) return;
    // A log-in that waits may be admitted because nothing was answered.
    if ((this.parts?.peer.sizes.peerAsked ?? 0) > 0) this.#anyMaybeRoutable = true;
    super.expire(now);
  }

  protected sip(message: SipMessage, source: Source): SipServerInput {
    this.#options.census.siteHears(message);
    this.#emergencies.heard(message);
    this.#crossings.heard(message);
    return { type: 'sip', message: asReceived(this.#options.defect, message), source };
  }

  protected sipFailed(what: { transaction?: string; flow?: string }): SipServerInput {
    return { type: 'sipFailed', ...what };
  }

  protected connectionOpened(connection: string): SipServerInput {
    return { type: 'opened', connection };
  }

  protected connectionClosed(connection: string): SipServerInput {
    return { type: 'closed', connection };
  }

  protected connectionMessage(connection: string, message: unknown): SipServerInput {
    const read = message as DeskRequest;
    if (read.type === 'EndLogin') this.#options.census.count('AG23');
    if (read.type === 'StampAnswer' || read.type === 'AgentLogin') this.#mayBecomeRoutable(read.dn);
    const freshStamp = () => must(this.parts, 'it has a client').lease.stamp(this.process.now());
    const seen = asRead(this.#options.defect, read, freshStamp);
    return { type: 'message', connection, message: seen };
  }

  /** A lease that had ended and is live again is what AG14 and SS14 speak of. */
  #mayBecomeRoutable(dn: string): void {
    this.#maybeRoutable.add(dn);
    const agent = this.parts?.centre.stateToCheck.dns.get(dn)?.agent;
    if (agent?.routable !== false) return;
    this.#options.census.count('AG14');
    this.#options.census.count('SS14');
  }

  protected answered(id: string, answer: unknown): SipServerInput {
    return { type: 'lookedUp', id, answer: answer as LookupAnswer };
  }

  protected jumped(wallOffsetMs: Millis): SipServerInput | undefined {
    if (this.#options.defect === 'sleep-unnoticed') return undefined;
    return { type: 'clockJumped', wallOffsetMs };
  }

  protected perform(now: Millis, effect: PairEffect): void {
    const { census, defect } = this.#options;
    switch (effect.type) {
      case 'transmit':
        return this.#send(now, effect);
      case 'lookup':
        return this.process.lookup(effect.id, effect.record, effect.name);
      case 'send':
        if (effect.message.type !== 'Stamp') census.siteSays(effect.message);
        return this.send(effect.connection, asSaid(defect, effect.message, this.#leaseLengthMs));
      case 'close':
        census.siteCloses(effect.why);
        return this.close(effect.connection);
      case 'peer':
        return this.#peer.perform(effect.effect);
      case 'treatmentStart':
        census.count('QU10');
        return this.tell(now, { type: 'treatmentReady', id: effect.id, sdp: this.#announcer() });
      case 'treatmentRemote':
      case 'treatmentStop':
      // Nobody asks for it here.
      case 'end':
        return;
      case 'log': {
        census.because(effect.line.because);
        census.siteWrites(effect.line.what);
        this.#ended?.writes(effect.line);
        if (effect.line.level !== 'debug')
          this.process.world.note(this.process.name, effect.line.what, effect.line);
        return;
      }
      default:
        return this.performAsMember(now, effect);
    }
  }

  protected performAsMember(_now: Millis, effect: MemberEffect): void {
    throw new Error(`a server alone wants ${effect.type}`);
  }

  /** The announcer of a simulated site is always ready, and nobody listens. */
  #announcer(): Uint8Array {
    const media = { host: this.#options.address, port: 20_000, session: 1, version: 1 };
    return writeSdp({ ...media, direction: 'sendonly' });
  }

  /** Of one that nobody has transferred: whom a person sends on may well go back (SS77). */
  #originOf(connId: string): LegId | undefined {
    const told = this.parts?.centre.stateToCheck.calls.get(connId);
    // One that the centre does not know any more was as good until then: its last leg may still be on its way.
    if (told !== undefined && (told.isTransferred || told.transfer !== undefined)) return undefined;
    for (const call of this.parts?.calls.calls() ?? []) if (call.connId === connId) return call.origin.leg;
    return undefined;
  }

  #send(now: Millis, effect: Transmit): void {
    const { message, transaction, target } = effect;
    const { census, defect, offered } = this.#options;
    census.siteTransmits(message, { now, transaction, target });
    this.#options.answers(message);
    const refused = this.#emergencies.sent(message, () => census.count('PQ4'));
    if (refused !== undefined)
      this.process.world.fail('emergency-goes-through', `${this.process.name}: ${refused}`);
    const back = this.#crossings.sent(message, (connId) => this.#originOf(connId));
    if (back !== undefined) this.process.world.fail('crosses-once', `${this.process.name}: ${back}`);
    if (isSwallowed(defect, message, target.host)) return;
    if (isBelieved(defect, message) && message.kind === 'request') {
      const { host, port, transport } = target;
      const source: Source = { transport, host, port, flow: target.flow ?? 'udp' };
      return this.tell(now, { type: 'sip', message: createResponse(message, 200), source });
    }
    this.transmit(effect);
    // A member of a pair says what it has decided before its mate has it: it is judged when it decides.
    if (this.isMember) return;
    if (message.kind !== 'request' || message.method !== 'INVITE' || transaction === undefined) return;
    // Inside a dialog it offers no new call.
    if (toOf(message)?.params.has('tag') === true) return;
    const dn = /^sip:([^@;]+)@/.exec(message.uri)?.[1];
    if (dn !== undefined) offered(this, dn, transaction);
  }
}

const NONE: readonly string[] = [];
/** Longer than any world. */
const NEVER_MS = 1e12;
