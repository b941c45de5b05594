/**
 * The desk's session with the SIP Servers of one site (DS7). It is the same at both: a client that registers
 * the agent's DN, follows its events and holds the newest stamp. Whether the agent is also logged in there is
 * decided elsewhere; here wire messages become facts.
 *
 *     opened → RegisterClient → ServerInfo → RegisterAddress → Registered: the link is on
 *
 * After a loss it resumes behind the last position seen, so that a logout that happened meanwhile is still
 * heard with its reason. The DN is registered anew each time: its answer is the point from which the picture
 * is whole again.
 */
import type { DeskSiteEvent, SeenState, Stamp } from '@holdfast/continuity';
import type { Millis, Random } from '@holdfast/kernel';
import {
  comparePositions,
  type DeskConfiguration,
  type DeskReply,
  type DeskRequest,
  type DNSnapshot,
  type ErrorCode,
  type EventMessage,
  isTokenRefusal,
  type LoginEpoch,
  type Position,
  PROTOCOL_VERSION,
} from '@holdfast/protocol';
import { type Calls, callsAfter, callsOfSnapshot, NO_CALLS } from './calls.ts';
import type { Endpoint } from './desk-types.ts';
import { Link, type LinkTarget } from './link.ts';
import type { MoveOutcome } from './move-outcome.ts';
import { loginRefusal, logoutReason, seenState } from './telephony-words.ts';

export type SiteConfiguration = DeskConfiguration['sites'][number];
type Reply<Type extends DeskReply['type']> = Extract<DeskReply, { type: Type }>;
/** Without the ReferenceID, which the link gives. */
export type Ask = DeskRequest extends infer Each
  ? Each extends { ReferenceID: number }
    ? Omit<Each, 'ReferenceID'>
    : never
  : never;

export type MoveAsked = Reply<'MoveAsked'>;

export type TelephonyFact =
  | { readonly type: 'site'; readonly event: DeskSiteEvent }
  /** The agent's state at this site, in the words of the site. */
  | {
      readonly type: 'agentState';
      readonly site: string;
      readonly state: SeenState;
      readonly isAnswer: boolean;
    }
  /** A request for a state was answered without a new one. */
  | { readonly type: 'stateAnswered'; readonly site: string }
  | { readonly type: 'calls'; readonly site: string }
  /** The call that stood at the lost site goes on here (AD1). */
  | { readonly type: 'adopted' }
  /** As the site has sent it, each once. */
  | { readonly type: 'event'; readonly site: string; readonly event: EventMessage }
  | {
      readonly type: 'refused';
      readonly site: string;
      readonly asked: string;
      readonly code: ErrorCode;
      readonly text: string;
    }
  /** The token does not count any more: log in at a Configuration Server again. */
  | { readonly type: 'tokenRefused' }
  | { readonly type: 'alarmReported'; readonly name: string; readonly isRaised: boolean }
  /** DS17: somebody asks this desk, through the site of its login, to move. */
  | { readonly type: 'moveAsked'; readonly site: string; readonly asked: MoveAsked };

export interface TelephonyPorts {
  connect(connection: string, member: { readonly host: string; readonly port: number }): void;
  close(connection: string): void;
  send(connection: string, message: DeskRequest): void;
  tell(fact: TelephonyFact): void;
  /** This server says that it is of another site than that of the link, and is not used. */
  wrongSite(member: Endpoint, says: string, site: string): void;
}

/** What the configuration says of a site. */
export interface TelephonyTerms {
  readonly configuration: SiteConfiguration;
  readonly target: LinkTarget;
  /** DS12: reasons of a logout that mean a supervisor. */
  readonly supervisorLogoutCodes: readonly string[];
}

export interface TelephonyOptions extends TelephonyTerms {
  readonly session: string;
  readonly person: string;
  readonly random: Random;
}

/** Characters of an answer to MoveAsked, whose names may be long: the wire takes no more. */
const MOVE_TEXT_MAX = 1_024;

/**
 * LG3: what is asked again after a loss, so that it is done once whichever side of the loss its answer was on. Log-ins,
 * logouts and states are not: what became of them stands in the picture of the DN, and they are decided anew.
 */
const REPEATED: ReadonlySet<Ask['type']> = new Set([
  'MakeCall',
  'InitiateTransfer',
  'SingleStepTransfer',
  'CompleteTransfer',
  'ReleaseCall',
  'AttachUserData',
  'DeleteUserData',
]);
/** As many as the site keeps answers of one session. */
const REPEATED_MAX = 16;
/** After a longer silence the agent has done something else. A mate takes over within seconds. */
export const REPEATED_WITHIN_MS = 15_000;

/** Requests that wait for their answer. One more is refused here. */
const ASKED_MAX = 64;

export class TelephonyLink {
  readonly site: string;
  readonly dn: string;
  readonly #options: TelephonyOptions;
  readonly #ports: TelephonyPorts;
  readonly #link: Link;
  readonly #asked = new Map<number, Ask>();
  /** Asked over the connection before this one, without an answer; sent again once the link is on. */
  #unanswered: (readonly [number, Ask])[] = [];
  /** When the site was last heard over a link that was on. */
  #heardAt: Millis = Number.NEGATIVE_INFINITY;
  #configuration: SiteConfiguration;
  #supervisorLogoutCodes: readonly string[];
  #token: string;
  #references = 0;
  #position: Position | undefined;
  #info: Reply<'ServerInfo'> | undefined;
  /** The site is shutting down gracefully: told after ServerInfo while it is so, and at each change. */
  #isClosing = false;
  #calls: Calls = NO_CALLS;

  constructor(options: TelephonyOptions, token: string, ports: TelephonyPorts) {
    const { configuration } = options;
    this.site = configuration.site;
    this.dn = configuration.dn;
    this.#options = options;
    this.#token = token;
    this.#ports = ports;
    this.#configuration = configuration;
    this.#supervisorLogoutCodes = options.supervisorLogoutCodes;
    const { site } = this;
    this.#link = new Link({ name: `telephony:${site}`, random: options.random }, options.target, {
      connect: (connection, member) => ports.connect(connection, member),
      close: (connection) => ports.close(connection),
      ping: (connection, n) => ports.send(connection, { type: 'Ping', n }),
      off: (_now, since) => this.#tellSite({ type: 'telephonyOff', site, since }),
    });
  }

  get calls(): Calls {
    return this.#calls;
  }

  get link(): Link {
    return this.#link;
  }

  get token(): string {
    return this.#token;
  }

  /** Where and as whom the agent logs in at this site. */
  get seat() {
    const { AgentID, queues, dn, place } = this.#configuration;
    return { AgentID, queues, dn, place };
  }

  /** Of a site of which the configuration says nothing any more. */
  renewToken(token: string): void {
    this.#token = token;
  }

  /** DS17: as the configuration has the site now. A desk keeps its DN and log-in code until it starts anew. */
  renew(now: Millis, token: string, options: TelephonyTerms): void {
    this.#token = token;
    this.#supervisorLogoutCodes = options.supervisorLogoutCodes;
    const { AgentID } = this.#configuration;
    const { configuration, target } = options;
    if (configuration.dn !== this.dn || configuration.AgentID !== AgentID) return;
    this.#configuration = configuration;
    this.#link.renew(now, target);
  }

  forgetCalls(): void {
    this.#calls = NO_CALLS;
  }

  /** False when the link is not on, or too much waits for an answer. */
  ask(message: Ask): boolean {
    const { connection } = this.#link;
    if (connection === undefined || !this.#link.isOn) return false;
    return this.#askOver(connection, message);
  }

  answerStamp(epoch: LoginEpoch, stamp: Stamp): void {
    const { connection } = this.#link;
    if (connection !== undefined)
      this.#ports.send(connection, { type: 'StampAnswer', dn: this.dn, epoch, stamp });
  }

  /** DS17: what has become of a move that somebody has asked for over this link. */
  answerMove(ask: number, { outcome, text }: MoveOutcome): void {
    const { connection } = this.#link;
    if (connection !== undefined)
      this.#ports.send(connection, {
        type: 'MoveAnswer',
        dn: this.dn,
        ask,
        outcome,
        text: text.slice(0, MOVE_TEXT_MAX),
      });
  }

  opened(connection: string): void {
    const unanswered = [...this.#unanswered, ...this.#asked].filter(([, { type }]) => REPEATED.has(type));
    this.#unanswered = unanswered.slice(-REPEATED_MAX);
    this.#asked.clear();
    const { application } = this.#configuration;
    this.#askOver(connection, {
      type: 'RegisterClient',
      application,
      session: this.#options.session,
      version: PROTOCOL_VERSION,
      token: this.#token,
      addpTimeoutMs: this.#link.addpTimeoutMs,
      ...(this.#position === undefined ? {} : { resume: this.#position }),
    });
  }

  receive(now: Millis, connection: string, message: DeskReply): void {
    if (this.#link.isOn) this.#heardAt = now;
    switch (message.type) {
      case 'Ping':
        return this.#ports.send(connection, { type: 'Pong', n: message.n });
      case 'ServerInfo':
        return this.#admitted(now, connection, message);
      case 'Registered':
        return this.#registered(now, message);
      case 'Event':
        return this.#event(now, message);
      case 'Stamp':
        return this.#tellSite({ type: 'stamp', site: this.site, stamp: message.stamp });
      case 'NotLoggedIn':
        if (message.dn === this.dn) this.#tellNotLoggedIn(message.epoch);
        return;
      case 'MoveAsked': {
        if (message.dn === this.dn) this.#ports.tell({ type: 'moveAsked', site: this.site, asked: message });
        return;
      }
      case 'Error':
        return this.#refused(now, message);
      case 'Done':
        return this.#done(message.ReferenceID);
      case 'ServerState':
        this.#isClosing = message.isShuttingDown;
        return this.#tellSite({ type: 'closing', site: this.site, isClosing: message.isShuttingDown });
      case 'Pong':
      case 'RegisteredAll':
      case 'Alarm':
        return;
    }
  }

  /** With the same numbers: what has been done is answered, and the rest is done now. */
  #repeat(now: Millis): void {
    const { connection } = this.#link;
    const isLate = now >= this.#heardAt + REPEATED_WITHIN_MS;
    for (const [ReferenceID, message] of this.#unanswered.splice(0)) {
      if (connection === undefined || isLate) {
        const text =
          'The link was lost before the answer, for too long to ask again. See what has become of it.';
        this.#ports.tell({ type: 'refused', site: this.site, asked: message.type, code: 'timeout', text });
        continue;
      }
      this.#asked.set(ReferenceID, message);
      this.#ports.send(connection, { ...message, ReferenceID });
    }
  }

  #done(ReferenceID: number): void {
    const asked = this.#asked.get(ReferenceID);
    if (asked?.type === 'ReportAlarm') {
      const { name, isRaised } = asked;
      this.#ports.tell({ type: 'alarmReported', name, isRaised });
    }
    if (this.#isStateAnswer(ReferenceID)) this.#ports.tell({ type: 'stateAnswered', site: this.site });
    this.#asked.delete(ReferenceID);
  }

  #askOver(connection: string, message: Ask): boolean {
    if (this.#asked.size >= ASKED_MAX) return false;
    const ReferenceID = ++this.#references;
    this.#asked.set(ReferenceID, message);
    this.#ports.send(connection, { ...message, ReferenceID });
    return true;
  }

  #admitted(now: Millis, connection: string, info: Reply<'ServerInfo'>): void {
    this.#asked.delete(info.ReferenceID);
    // DS3: logged in there, the agent would be at a site of which the lease and the other links know nothing.
    if (info.site !== this.site) {
      if (this.#link.member !== undefined) this.#ports.wrongSite(this.#link.member, info.site, this.site);
      return this.#link.distrust(now, `it is of site ${info.site}`);
    }
    this.#info = info;
    this.#isClosing = false;
    if (!info.resumed) this.#position = info.position;
    this.#askOver(connection, { type: 'RegisterAddress', dn: this.dn });
  }

  #registered(now: Millis, message: Reply<'Registered'>): void {
    this.#asked.delete(message.ReferenceID);
    const { snapshot } = message;
    if (this.#info === undefined || snapshot.dn !== this.dn) return;
    this.#position = message.position;
    this.#calls = callsOfSnapshot(this.site, snapshot.calls, now);
    this.#link.established(now);
    const agent = this.#isOurs(snapshot) ? snapshot.agent : undefined;
    this.#tellSite({
      type: 'telephonyOn',
      site: this.site,
      pairEpoch: message.position.epoch,
      leaseLengthMs: this.#info.leaseLengthMs,
      leaseSource: `Application/${this.#info.application}`,
      phoneInService: snapshot.inService,
      isClosing: this.#isClosing,
      peerAsked: this.#info.peerAsked === true,
      returnSlotMs: Math.floor(this.#options.random() * (this.#info.returnWindowMs ?? 0)),
      login: agent === undefined ? undefined : { epoch: agent.epoch, isLive: agent.routable },
    });
    if (agent !== undefined && agent.state !== 'LoggedOut') {
      const { state, workMode, reasons } = agent;
      this.#ports.tell({
        type: 'agentState',
        site: this.site,
        state: { state, workMode, reasons, endsAt: undefined },
        isAnswer: false,
      });
    }
    this.#ports.tell({ type: 'calls', site: this.site });
    this.#repeat(now);
  }

  #isOurs(snapshot: DNSnapshot): boolean {
    const { agent } = snapshot;
    return agent?.person === this.#options.person && agent.AgentID === this.#configuration.AgentID;
  }

  /** AD2: our site hears from us whether the other one lives. */
  siteSeen(site: string, isUp: boolean): void {
    const { connection } = this.#link;
    if (connection !== undefined && this.#link.isOn)
      this.#ports.send(connection, { type: 'SiteSeen', site, isUp });
  }

  #event(now: Millis, event: EventMessage): void {
    // An event that was seen before the link was lost may come again (LG1).
    if (this.#position !== undefined && comparePositions(event.position, this.#position) <= 0)
      return this.#answeredAgain(event);
    this.#position = event.position;
    if (event.attributes.ThisDN !== this.dn) return;
    this.#ports.tell({ type: 'event', site: this.site, event });
    const calls = callsAfter(this.#calls, this.site, event, now);
    if (calls !== this.#calls) {
      this.#calls = calls;
      this.#ports.tell({ type: 'calls', site: this.site });
    }
    if (event.name === 'EventEstablished' && event.attributes.Extensions?.Adopted === true)
      this.#ports.tell({ type: 'adopted' });
    this.#agentEvent(now, event);
  }

  /** LG3: the event has been heard among those that were missed; that it is the answer is all that is new. */
  #answeredAgain({ attributes: { ReferenceID } }: EventMessage): void {
    const asked = ReferenceID === undefined ? undefined : this.#asked.get(ReferenceID);
    if (ReferenceID !== undefined && asked !== undefined && REPEATED.has(asked.type))
      this.#asked.delete(ReferenceID);
  }

  #agentEvent(now: Millis, event: EventMessage): void {
    const { name, attributes, position } = event;
    const { site } = this;
    switch (name) {
      case 'EventDNOutOfService':
      case 'EventDNBackInService':
        return this.#tellSite({ type: 'phone', site, inService: name === 'EventDNBackInService' });
      case 'EventAgentLogin':
        return this.#loggedIn(attributes);
      case 'EventAgentLogout': {
        const isOurs = attributes.AgentID === undefined || attributes.AgentID === this.#configuration.AgentID;
        if (!isOurs) return;
        const text = attributes.Reasons?.LogoutReason ?? '';
        return this.#tellSite({
          type: 'loggedOut',
          site,
          pairEpoch: position.epoch,
          reason: logoutReason(text, this.#supervisorLogoutCodes),
          text,
        });
      }
      case 'EventAgentReady':
      case 'EventAgentNotReady':
        return this.#ports.tell({
          type: 'agentState',
          site,
          state: seenState(event, now),
          isAnswer: this.#isStateAnswer(attributes.ReferenceID),
        });
      default:
    }
  }

  /** The event that answers our own log-in; another desk's log-in of the same agent ends ours with an event of its own. */
  #loggedIn({ ReferenceID, AgentID, Extensions }: EventMessage['attributes']): void {
    const asked = ReferenceID === undefined ? undefined : this.#asked.get(ReferenceID);
    if (asked?.type !== 'AgentLogin' || ReferenceID === undefined || asked.AgentID !== AgentID) return;
    this.#asked.delete(ReferenceID);
    const isConfirmed = Extensions?.PeerEnded === true;
    this.#tellSite({ type: 'loggedIn', site: this.site, epoch: asked.epoch, isConfirmed });
  }

  #isStateAnswer(ReferenceID: number | undefined): boolean {
    const asked = ReferenceID === undefined ? undefined : this.#asked.get(ReferenceID);
    if (ReferenceID === undefined || (asked?.type !== 'AgentReady' && asked?.type !== 'AgentNotReady'))
      return false;
    this.#asked.delete(ReferenceID);
    return true;
  }

  #refused(now: Millis, error: Reply<'Error'>): void {
    const asked = error.ReferenceID === undefined ? undefined : this.#asked.get(error.ReferenceID);
    if (error.ReferenceID !== undefined) this.#asked.delete(error.ReferenceID);
    const { code, text } = error;
    if (asked?.type === 'AgentReady' || asked?.type === 'AgentNotReady') {
      this.#ports.tell({ type: 'stateAnswered', site: this.site });
    }
    if (isTokenRefusal(code)) this.#ports.tell({ type: 'tokenRefused' });
    // Without a session there is nothing to do here: try the next member, or again after the pause.
    if (asked?.type === 'RegisterClient' || asked?.type === 'RegisterAddress') this.#link.distrust(now, text);
    if (asked?.type === 'AgentLogin') {
      this.#tellSite({
        type: 'loginRefused',
        site: this.site,
        epoch: asked.epoch,
        refusal: loginRefusal(error),
      });
    }
    if (asked?.type === 'AgentLogout') this.#tellSite({ type: 'logoutRefused', site: this.site, text });
    if (code === 'stale-stamp') return;
    this.#ports.tell({ type: 'refused', site: this.site, asked: asked?.type ?? 'message', code, text });
  }

  #tellNotLoggedIn(epoch: LoginEpoch): void {
    const pairEpoch = this.#position?.epoch ?? 0;
    this.#tellSite({ type: 'notLoggedIn', site: this.site, pairEpoch, epoch });
  }

  #tellSite(event: DeskSiteEvent): void {
    this.#ports.tell({ type: 'site', event });
  }
}
