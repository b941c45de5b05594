/**
 * Calling a party: a leg for each contact of its phone, or one over a trunk, until somebody answers or none is left.
 *
 *     ring ──▶ contacts of a DN   all at once; the best of their refusals counts (RFC 3261 §16.7)
 *          ──▶ trunk, next trunk  one after the other, while gateways fail as servers (RFC 3263 §4.3)
 *
 * What is left at the end is one fact for the centre: the party has failed, or its phone sends the caller elsewhere.
 */
import type { CentreEffect, PartyRelease } from '@holdfast/centre';
import type { Millis } from '@holdfast/kernel';
import {
  contactsOf,
  domainOf,
  type InviteOptions,
  isAddressLiteral,
  type LegId,
  parseUri,
  type SipResponse,
  type SipUri,
  withoutBrackets,
} from '@holdfast/sip';
import type { CallLegs } from './call-legs.ts';
import { ORIGIN_HEADER, signedOrigin } from './call-origin.ts';
import type { CallPorts } from './call-ports.ts';
import type { CallRecord, LegRole, Redirect } from './call-record.ts';
import type { SipDN, SipServerConfiguration } from './configuration.ts';
import type { GatewayAddresses } from './gateway-addresses.ts';
import { type Contact, contactAt, partyAt, SIP_PORT } from './gateway-contact.ts';
import type { OutboundTrunks } from './outbound-trunks.ts';
import { HOP_HEADER } from './peer-forward.ts';
import { RESERVATION_HEADER } from './queue-pool.ts';

/** A phone that is registered from more places than this rings at the most recent ones only. */
export const FORKS_MAX = 4;
/** A gateway that is silent for so long is left for the next trunk, where there is one: a caller waits (as PH2). */
export const TRUNK_SILENT_MAX_MS = 4_000;
/** The other site is left sooner where the call can be made here: the phone that waits may be one of those that leave us after 4 s (PH2). */
export const PEER_SILENT_MAX_MS = 2_000;

type Ring = Extract<CentreEffect, { type: 'ring' }>;

/** One leg that is to be called. */
export interface Called extends Pick<LegRole, 'role' | 'contact' | 'over'> {
  readonly dn: string;
  readonly at: Contact;
  readonly offer: Uint8Array | undefined;
  readonly ringingMax?: number;
  readonly giveUpMs?: number;
  /** Of an agent at the other site (PQ1). */
  readonly reservation?: number;
}

export class CallRinging {
  readonly #ports: CallPorts;
  readonly #legs: CallLegs;
  readonly #trunks: OutboundTrunks;
  readonly #addresses: GatewayAddresses;
  #dns = new Map<string, SipDN>();
  #configuration: SipServerConfiguration | undefined;

  constructor(
    ports: CallPorts,
    { legs, trunks, addresses }: { legs: CallLegs; trunks: OutboundTrunks; addresses: GatewayAddresses },
  ) {
    this.#ports = ports;
    this.#legs = legs;
    this.#trunks = trunks;
    this.#addresses = addresses;
  }

  configure(configuration: SipServerConfiguration): void {
    this.#configuration = configuration;
    this.#dns = new Map(configuration.dns.map((dn) => [dn.number, dn]));
    this.#trunks.configure(configuration);
  }

  ring(now: Millis, call: CallRecord, { dn, trunk, reservation }: Ring): void {
    const legs = new Set<LegId>();
    call.ringing.set(dn, { legs, why: 'unreachable', redirect: undefined });
    const random = this.#isEmergencyNumber(dn) ? undefined : this.#ports.random;
    const isOurs = this.#dns.has(dn);
    if (trunk !== undefined)
      this.#overTrunk(now, call, dn, this.#trunks.order(now, trunk, { isOurs, random }), reservation);
    else {
      const offer = call.origin.sdp;
      for (const { at, contact } of this.#contactsOf(dn))
        legs.add(this.invite(now, call, { role: 'party', dn, at, offer, contact, over: undefined }));
    }
    if (legs.size > 0) return;
    call.ringing.delete(dn);
    this.#ports.tell({ type: 'partyFailed', connId: call.connId, dn, why: 'unreachable' });
  }

  /**
   * PR10: a phone that rings for our predecessor would answer at an address where nobody is any more. It stops, and rings for
   * us. One that is reached nowhere now, because its connection was lost, is left as it is: it may come back.
   */
  ringAgain(now: Millis, call: CallRecord): void {
    for (const [dn, { legs }] of call.ringing) {
      const former = [...legs].filter((leg) => this.#legs.get(leg)?.over === undefined);
      const contacts = this.#contactsOf(dn);
      if (former.length === 0 || contacts.length === 0) continue;
      // In this order: a phone may have room for one call only.
      this.giveUp(now, former);
      for (const leg of former) legs.delete(leg);
      const offer = call.origin.sdp;
      for (const { at, contact } of contacts)
        legs.add(this.invite(now, call, { role: 'party', dn, at, offer, contact, over: undefined }));
    }
  }

  /** What is registered, or the fixed address of a Call Processing Port. */
  #contactsOf(dn: string): readonly Pick<Called, 'at' | 'contact'>[] {
    const fixed = this.#dns.get(dn)?.contact;
    if (fixed !== undefined) return [{ at: contactAt(fixed, dn), contact: undefined }];
    return this.#ports
      .contactsOf(dn)
      .slice(0, FORKS_MAX)
      .map((at) => ({ at, contact: at.registered }));
  }

  #overTrunk(
    now: Millis,
    call: CallRecord,
    dn: string,
    [trunk, ...left]: readonly string[],
    reservation?: number,
  ): void {
    const gateway = trunk === undefined ? undefined : this.#trunks.gateway(trunk);
    if (trunk === undefined || gateway === undefined) return;
    const isPeer = trunk === this.#configuration?.peerTrunk;
    const leg = this.invite(now, call, {
      role: 'party',
      dn,
      at: contactAt(gateway, dn),
      offer: call.origin.sdp,
      contact: undefined,
      over: { trunk, left },
      ...(reservation !== undefined && { reservation }),
      // Of a name each target is left after that time: the next one may live.
      ...((left.length > 0 || !isAddressLiteral(gateway.host)) && {
        giveUpMs: left.length > 0 && isPeer ? PEER_SILENT_MAX_MS : TRUNK_SILENT_MAX_MS,
      }),
    });
    call.ringing.get(dn)?.legs.add(leg);
  }

  /** Calls one leg. */
  invite(now: Millis, call: CallRecord, called: Called): LegId {
    const { role, dn, offer, contact, over } = called;
    const { leg, output } = this.#ports.userAgent.invite(now, this.#options(call, called));
    this.#legs.add(leg, { call, role, dn, offer, contact, over, hasRung: false });
    this.#ports.run(output);
    return leg;
  }

  #options(call: CallRecord, called: Called): InviteOptions {
    const { dn, at, offer, giveUpMs, over, reservation } = called;
    const { realm = '', ringingMaxMs = 0, peerTrunk } = this.#configuration ?? {};
    return {
      uri: at.uri,
      destination: at.destination,
      from: partyAt(call.origin.ani, realm),
      to: partyAt(dn, realm),
      contact: this.#ports.userAgent.contactFor(at.transport),
      ...(offer === undefined ? {} : { sdp: offer }),
      headers: [
        ['Max-Forwards', String(Math.max(0, call.origin.maxForwards))],
        ['X-Holdfast-ConnID', call.connId],
        ...(over !== undefined && over.trunk === peerTrunk ? this.#crossing(call, dn) : []),
        ...(reservation === undefined ? [] : [[RESERVATION_HEADER, String(reservation)] as const]),
      ],
      ringingMax: Math.min(ringingMaxMs, called.ringingMax ?? ringingMaxMs),
      ...(giveUpMs === undefined ? {} : { giveUpMs }),
    };
  }

  /** What says to the other site that a call has crossed, and for which extension. */
  #crossing({ connId, origin }: CallRecord, to: string): readonly (readonly [string, string])[] {
    const { nonceKeys } = this.#configuration ?? {};
    const token = [HOP_HEADER, connId] as const;
    if (origin.dn === undefined || nonceKeys === undefined) return [token];
    return [
      token,
      [ORIGIN_HEADER, signedOrigin(this.#ports.hashes, nonceKeys, { dn: origin.dn, connId, to })],
    ];
  }

  /** The leg stays known until its INVITE has ended: it may still be answered in this moment. */
  giveUp(now: Millis, legs: Iterable<LegId>): void {
    for (const leg of legs) this.#ports.run(this.#ports.userAgent.cancel(now, leg));
  }

  /** The gateway of this trunk lives. */
  heardFrom({ over }: Pick<LegRole, 'over'>): void {
    if (over !== undefined) this.#trunks.answered(over.trunk);
  }

  /** One leg of a called party has failed; the party has when none is left. */
  failed(
    now: Millis,
    { call, over, hasRung }: LegRole,
    fork: { leg: LegId; dn: string; status: number; response: SipResponse | undefined },
  ): void {
    const { leg, dn, status, response } = fork;
    const ringing = call.ringing.get(dn);
    if (over !== undefined) {
      const isDown = !hasRung && isServerFailure(status, response);
      if (isDown) this.#trunks.failed(now, over.trunk);
      else this.heardFrom({ over });
      if (isDown && ringing?.legs.has(leg) === true) this.#overTrunk(now, call, dn, over.left);
    }
    if (ringing?.legs.delete(leg) !== true) return;
    const why = releaseOf(status);
    if (RANK.indexOf(why) < RANK.indexOf(ringing.why)) ringing.why = why;
    ringing.redirect ??= response === undefined ? undefined : this.#redirectIn(call, dn, response);
    // A 6xx speaks for the person, at whatever phone.
    if (status < 600 && ringing.legs.size > 0) return;
    call.ringing.delete(dn);
    this.giveUp(now, ringing.legs);
    const { connId } = call;
    const { redirect } = ringing;
    if (redirect === undefined || status >= 600)
      return this.#ports.tell({ type: 'partyFailed', connId, dn, why: ringing.why });
    const { to, trunk } = redirect;
    const way = trunk === undefined ? {} : { trunk, isEmergency: this.#isEmergencyNumber(to) };
    this.#ports.tell({ type: 'partyRedirected', connId, dn, to, ...way });
  }

  #isEmergencyNumber(number: string): boolean {
    return this.#configuration?.emergencyNumbers.includes(number) === true;
  }

  /**
   * The first Contact of a 3xx, by preference, that leads to a DN of ours or to the gateway of a trunk: nobody sends
   * a caller to an address that the configuration does not name (SS33).
   */
  #redirectIn(call: CallRecord, dn: string, response: SipResponse): Redirect | undefined {
    if (!FOLLOWED.has(response.status)) return undefined;
    const contacts = contactsOf(response);
    if (contacts === undefined || contacts === '*') return undefined;
    const byPreference = [...contacts].sort((a, b) => preferenceOf(b.params) - preferenceOf(a.params));
    for (const { uri } of byPreference) {
      const redirect = this.#redirectTo(call, dn, uri);
      if (redirect !== undefined && redirect.to !== dn) return redirect;
    }
    return undefined;
  }

  #redirectTo(call: CallRecord, dn: string, text: string): Redirect | undefined {
    const uri = parseUri(text);
    if (uri?.scheme !== 'sip' || uri.user === undefined) return undefined;
    const { user: to } = uri;
    const where = this.whereIs(uri, dn);
    if (where === 'here') return this.#dns.has(to) ? { to, trunk: undefined } : undefined;
    // What came in over a trunk never leaves over one [D14].
    return where === undefined || call.origin.dn === undefined ? undefined : { to, ...where };
  }

  /**
   * What the phone of this DN means by the host of an address. Here is also where it has registered, a DNS name of both sites
   * perhaps; and the other site, which a phone goes on naming when its call has been taken over from there: its numbers are
   * ours, and it may be dead.
   */
  whereIs(
    { host, port = SIP_PORT }: Pick<SipUri, 'host' | 'port'>,
    dn: string,
  ): 'here' | { readonly trunk: string } | undefined {
    if (this.#isOurs(host, port)) return 'here';
    const named = domainOf({ host, port });
    if (this.#ports.contactsOf(dn).some(({ domain }) => domain === named)) return 'here';
    const name = withoutBrackets(host).toLowerCase();
    const trunk = this.#addresses.trunkAt((at) => at.host === name && at.port === port);
    if (trunk === undefined) return undefined;
    return trunk === this.#configuration?.peerTrunk ? 'here' : { trunk };
  }

  /** Our realm or address. */
  #isOurs(host: string, port: number): boolean {
    if (host === this.#configuration?.realm) return true;
    return OWN_TRANSPORTS.some((transport) => {
      const own = parseUri(this.#ports.userAgent.contactFor(transport));
      return own?.host === host && (own.port ?? SIP_PORT) === port;
    });
  }
}

/** UDP and TCP have one port. */
const OWN_TRANSPORTS = ['UDP', 'TLS', 'WS', 'WSS'] as const;

/** Multiple choices, moved for good, moved for now; 305 and 380 ask for what we do not do. */
const FOLLOWED: ReadonlySet<number> = new Set([300, 301, 302]);

function preferenceOf(params: ReadonlyMap<string, string | null>): number {
  const q = Number(params.get('q') ?? 1);
  return Number.isNaN(q) ? 0 : q;
}

/** RFC 3263 §4.3: 503, a transport error or a time-out say that the server, not the person, has failed. */
export function isServerFailure(status: number, response: SipResponse | undefined): boolean {
  return status === 503 || (status === 408 && response === undefined);
}

/** What a failure of a called party means to the centre (RFC 3261 §21). */
export function releaseOf(status: number): PartyRelease {
  if (status === 486 || status === 600) return 'busy';
  if (status === 603 || status === 403 || status === 488) return 'rejected';
  if (status === 487 || status === 480) return 'no-answer';
  return 'unreachable';
}

/** What a person did says more than what a network did. */
const RANK: readonly PartyRelease[] = ['rejected', 'busy', 'no-answer', 'lost', 'normal', 'unreachable'];
