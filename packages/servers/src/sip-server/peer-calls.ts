/**
 * Calls between the sites: those of the other that go on here (adoption.ts), or are ended here by one of their ends
 * (stray-requests.ts), and those of ours with which the other has done so.
 */
import type { Centre, CentreEffect } from '@holdfast/centre';
import type { LogLine, Millis } from '@holdfast/kernel';
import type { LegId, SipUserAgent, UserAgentOutput } from '@holdfast/sip';
import { Adoption } from './adoption.ts';
import type { CallControl } from './call-control.ts';
import { callFrom } from './call-records.ts';
import type { PeerSite, PeerTalk } from './peer-site.ts';
import { RedialledPlaces } from './redialled-places.ts';
import type { Registrations } from './registrations.ts';
import { StrayRequests } from './stray-requests.ts';

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
  readonly strays: StrayRequests;
  readonly redialled: RedialledPlaces;

  constructor(ports: PeerCallPorts) {
    this.#ports = ports;
    const {
      centre,
      calls,
      userAgent,
      registrations,
      peer,
      silenceMinMs,
      lostPlaceWindowMs,
      run,
      perform,
      log,
    } = ports;
    const common = {
      ...{ userAgent, run, log },
      records: () => peer.records(),
      phoneAt: (dn: string) => registrations.contactsOf(dn)[0],
    };
    const silentSince = () => peer.silentSince;
    this.strays = new StrayRequests(common);
    this.adoption = new Adoption({
      ...common,
      ...{ centre, calls, silenceMinMs, perform },
      silentSince,
      hasEnded: (connId) => this.strays.hasEnded(connId),
    });
    this.redialled = new RedialledPlaces({
      ...{ records: common.records, silentSince, lostPlaceWindowMs },
      hasDecided: (connId) => this.adoption.hasDecided(connId),
    });
  }

  /**
   * AD3: calls of ours that have moved on to the other site, as its records say. Those of which it only has what it held
   * before we took them over are ours: it reads of that in our records, and gives them away.
   */
  stand(now: Millis, talks: readonly PeerTalk[]): void {
    const gone = talks.flatMap(({ connId, held }) => {
      const here = this.#ports.calls.movesOf(connId);
      return here !== undefined && callFrom(held).call.moves > here ? [connId] : [];
    });
    this.#giveAway(now, gone, 'AD3: the other site has taken it over');
  }

  /** AD9: these were ended there. */
  ended(now: Millis, connIds: readonly string[]): void {
    this.#giveAway(now, connIds, 'AD9: one of its ends has hung up at the other site');
  }

  /**
   * AD3: an end of the call obeys somebody else. While the other site answers, its records say what it has taken over;
   * while it does not, this is how we hear of it.
   */
  superseded(now: Millis, leg: LegId): void {
    const { calls, peer } = this.#ports;
    const connId = calls.connIdOf(leg);
    if (connId === undefined || peer.silentSince === undefined) return;
    this.#giveAway(
      now,
      [connId],
      'AD3: an end of it obeys another server, and the other site cannot be heard',
    );
  }

  #giveAway(now: Millis, connIds: readonly string[], because: string): void {
    const { calls, log } = this.#ports;
    for (const connId of connIds) {
      if (calls.movesOf(connId) === undefined) continue;
      log({ level: 'warn', what: 'call given away', call: connId, because });
      calls.giveAway(now, connId);
    }
  }
}
