/**
 * Calls between the sites: those of the other that go on here (adoption.ts), of which we have the other half
 * (crossed-calls.ts), or that are ended here by one of their ends (stray-requests.ts), and those of ours with which the
 * other has done so.
 */
import type { Centre, CentreEffect } from '@holdfast/centre';
import type { LogLine, Millis } from '@holdfast/kernel';
import { compareLoginEpochs } from '@holdfast/protocol';
import type { LegId, SipUserAgent, UserAgentEvent, UserAgentOutput } from '@holdfast/sip';
import { Adoption } from './adoption.ts';
import { AdoptionAccount } from './adoption-account.ts';
import { AdoptionRecords } from './adoption-records.ts';
import type { CallControl } from './call-control.ts';
import { callFrom } from './call-records.ts';
import { agentThere } from './calls-to-adopt.ts';
import { CrossedCalls } from './crossed-calls.ts';
import type { PeerSite, PeerTalk } from './peer-site.ts';
import { RedialledPlaces } from './redialled-places.ts';
import type { Registrations } from './registrations.ts';
import { endedLegs, StrayRequests } from './stray-requests.ts';
import { UnsavedCalls } from './unsaved-calls.ts';

export interface PeerCallPorts {
  readonly centre: Centre;
  readonly calls: CallControl;
  readonly userAgent: SipUserAgent;
  readonly registrations: Registrations;
  readonly peer: PeerSite;
  silenceMinMs(): Millis;
  lostPlaceWindowMs(): Millis;
  run(output: UserAgentOutput): void;
  perform(now: Millis, effects: readonly CentreEffect[]): void;
  log(line: LogLine): void;
}

export class PeerCalls {
  readonly #ports: PeerCallPorts;
  readonly adoption: Adoption;
  readonly account: AdoptionAccount;
  readonly crossed: CrossedCalls;
  readonly strays: StrayRequests;
  readonly redialled: RedialledPlaces;
  readonly records: AdoptionRecords;
  readonly #unsaved: UnsavedCalls;

  constructor(ports: PeerCallPorts) {
    this.#ports = ports;
    const { centre, calls, userAgent, registrations, peer, silenceMinMs, lostPlaceWindowMs } = ports;
    const { run, perform, log } = ports;
    const common = {
      ...{ userAgent, run, log, centre, calls, perform },
      records: () => peer.records(),
      silentSince: () => peer.silentSince,
      phonesAt: (dn: string) => registrations.contactsOf(dn),
      numberHere: (dn: string) => this.#numberHere(dn),
      isOthers: (dn: string) => this.#isOthers(dn),
    };
    this.account = new AdoptionAccount(common);
    this.strays = new StrayRequests(common);
    this.#unsaved = new UnsavedCalls(common);
    this.crossed = new CrossedCalls({
      ...common,
      isOver: (connId) => this.strays.hasEnded(connId) || this.adoption.hasDecided(connId),
    });
    this.adoption = new Adoption({
      ...common,
      ...{ account: this.account, crossed: this.crossed, unsaved: this.#unsaved, silenceMinMs },
      hasEnded: (connId) => this.strays.hasEnded(connId),
      end: (now, connId, roles) => this.strays.end(now, connId, roles),
    });
    this.redialled = new RedialledPlaces({
      ...{ records: common.records, silentSince: common.silentSince, lostPlaceWindowMs },
      hasDecided: (connId) => this.adoption.hasDecided(connId),
    });
    const { adoption, crossed, redialled } = this;
    this.records = new AdoptionRecords({ peer, adoption, crossed, redialled });
  }

  /** AD14. */
  #numberHere(dn: string): string {
    const { centre, peer } = this.#ports;
    const records = peer.records();
    const agent = records && agentThere(records, dn);
    const login = agent && centre.loginOf(agent.person);
    if (agent === undefined || login === undefined) return dn;
    return compareLoginEpochs(login.epoch, agent.epoch) <= 0 ? dn : login.dn;
  }

  #isOthers(dn: string): boolean {
    const { centre, peer } = this.#ports;
    const records = peer.records();
    const there = records && agentThere(records, dn);
    const here = centre.loginOn(dn);
    return there !== undefined && here !== undefined && here.person !== there.person;
  }

  nextDeadline(): Millis | undefined {
    const never = Number.POSITIVE_INFINITY;
    const next = Math.min(this.adoption.nextDeadline() ?? never, this.crossed.nextDeadline() ?? never);
    return next === never ? undefined : next;
  }

  expire(now: Millis): void {
    this.adoption.expire(now);
    for (const { leg, theirs } of this.crossed.takeGivenUp(now)) {
      const because = 'AD11: it had crossed, and the end that the other site had has not come here in time';
      if (theirs !== undefined) {
        this.account.failed(theirs, 'agent-absent', because);
        this.#endTheirs(now, theirs);
      }
      this.#ports.calls.handover.lost(now, leg);
    }
  }

  /** Before call control hears of it. True: nobody else is to hear it. */
  onUserAgent(now: Millis, event: UserAgentEvent): boolean {
    if (event.type === 'stray') this.strays.answer(now, event);
    else if (event.type === 'superseded') this.#superseded(now, event.leg);
    else {
      if ('leg' in event && this.account.heard(event)) this.#letGo(now, event.leg);
      return false;
    }
    return true;
  }

  /** AD5: of an end that cannot be reached; call control ends the other. */
  #letGo(now: Millis, leg: LegId): void {
    const { run, userAgent, calls } = this.#ports;
    run(userAgent.bye(now, leg));
    calls.handover.lost(now, leg);
  }

  /** AD11: who hangs up on a call that has crossed to a silent site hangs up on the end that this had. */
  hangsUp(now: Millis, leg: LegId): void {
    const theirs = this.crossed.theirsOf(leg);
    this.crossed.forget(leg);
    if (theirs !== undefined) this.#endTheirs(now, theirs);
  }

  /** An end of it has hung up, or nobody comes for it: that needs no proof of the other site's death (AD9). */
  #endTheirs(now: Millis, connId: string): void {
    const records = this.#ports.peer.records();
    const talk = records?.get(`talk/${connId}`);
    if (records === undefined || talk === undefined) return;
    const { roles } = callFrom(talk);
    this.#unsaved.end(now, records, roles);
    this.strays.end(now, connId, roles);
  }

  /** AD11: our leg that led to the other site is dead; whether its call waits for the end that this had. */
  awaits(now: Millis, leg: LegId): boolean {
    return this.crossed.awaits(now, leg);
  }

  /**
   * AD3: calls of ours that have moved on to the other site, as its records say. Those of which it only has what it held
   * before we took them over are ours: it reads of that in our records, and gives them away.
   */
  stand(now: Millis, talks: readonly PeerTalk[]): void {
    for (const { connId, held } of talks) {
      const here = this.#ports.calls.handover.movesOf(connId);
      if (here === undefined) continue;
      const { call, roles } = callFrom(held);
      if (call.moves <= here) continue;
      const legs = new Set(roles.map(([leg]) => leg));
      this.#giveAway(now, connId, (leg) => legs.has(leg), 'AD3: the other site has taken it over');
    }
  }

  /** AD9, AD11: these were ended there, or go on there as calls of that site. */
  ended(now: Millis, ended: readonly PeerTalk[]): void {
    for (const { connId, held } of ended) {
      const because = 'AD9: it was ended at the other site, or is a part of a call there';
      this.#giveAway(now, connId, endedLegs(held), because);
    }
  }

  /**
   * AD3: an end of the call obeys somebody else. While the other site answers, its records say what it has taken over;
   * while it does not, this is how we hear of it.
   */
  #superseded(now: Millis, leg: LegId): void {
    const { calls, peer, userAgent } = this.#ports;
    const connId = calls.handover.connIdOf(leg);
    if (connId === undefined || peer.silentSince === undefined) return;
    const because = 'AD3: an end of it obeys another server, and the other site cannot be heard';
    // Nobody takes over a phone that rings.
    const isThere = (each: LegId) => userAgent.legInfo(each)?.state !== 'calling';
    this.#giveAway(now, connId, isThere, because);
  }

  #giveAway(now: Millis, connId: string, isThere: (leg: LegId) => boolean, because: string): void {
    const { calls, log } = this.#ports;
    if (calls.handover.movesOf(connId) === undefined) return;
    log({ level: 'warn', what: 'call given away', call: connId, because });
    this.account.forget(connId);
    for (const leg of calls.handover.legsOf(connId)) this.crossed.forget(leg);
    calls.handover.giveAway(now, connId, isThere);
  }
}
