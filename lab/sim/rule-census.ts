/**
 * How often each rule of a SPEC.md decided something (ME3), seen from outside. A decision that carries its because
 * names its rule; where a rule leaves none, what is counted is the message or event by which everybody else would
 * notice it: EventAgentLogout with `dr-force_logout` is AG12. Nothing is counted because a line of code was reached.
 */
import type { CentreEffect } from '@holdfast/centre';
import type { Millis } from '@holdfast/kernel';
import type { DeskReply, ErrorCode } from '@holdfast/protocol';
import { SITE_GONE_REASON } from '@holdfast/servers';
import type { PhoneFact, SipMessage } from '@holdfast/sip';
import { cseqOf, headerValue, type Target, toOf } from '@holdfast/sip';

/** Of the simulated centre: the callers, a gateway that is not there, and who answers at the Call Processing Port. */
export const GATEWAY = '10.0.9.1';
export const DEAD_GATEWAY = '10.0.9.2';
export const ANNOUNCER = '10.0.9.3';

/** Of the generated configuration. */
export const CALL_PROCESSING_PORT = '8900';

/** What every simulated phone asks for at registration, s. */
export const ASKED_S = 30;

/** Dialogs whose last description is remembered, and calls over a trunk. */
const ORIGINS_MAX = 1_000;

/** AD3: what a site that takes a call over adds to the number of its next request. */
const ADOPTED_CSEQ_MIN = 1_000_000;

export class RuleCensus {
  readonly counts: Map<string, number>;

  constructor(counts: Map<string, number>) {
    this.counts = counts;
  }

  count(rule: string): void {
    this.counts.set(rule, (this.counts.get(rule) ?? 0) + 1);
  }

  /** A log line's because begins with its rule where it has one. */
  because(text: string | undefined): void {
    const rule = text === undefined ? null : /^[A-Z]{2}\d+[a-z]?/.exec(text);
    if (rule !== null) this.count(rule[0]);
  }

  /** What a SIP Server sends to a desk. Events are counted where they are read. */
  siteSays(message: DeskReply): void {
    switch (message.type) {
      case 'Stamp':
      case 'Pong':
        return;
      case 'Ping':
        return this.#each('LH2', 'SS9');
      case 'ServerState':
        return this.count('SS40');
      case 'MoveAsked':
        return this.count('SS44');
      case 'Alarm':
        return this.count(message.person === undefined ? 'SS91' : 'SS45');
      case 'NotLoggedIn':
        // That its epoch never logs in again (AG4, SS13) shows in that nobody is routable twice.
        return this.count('LL3');
      case 'ServerInfo':
        return this.count(message.resumed ? 'SS7' : 'SS6');
      case 'RegisteredAll':
        return this.count('SS10');
      case 'Error':
        if (message.code === 'overloaded' && message.retryAfterMs !== undefined) this.count('SS80');
        return this.#refused(message.code);
      case 'Registered':
        if (message.snapshot.agent !== undefined || message.snapshot.calls.length > 0) this.count('CA13');
        return;
      case 'Done':
        return this.count('AG17');
      case 'Event':
        if (message.attributes.Extensions?.WaitedMs !== undefined) this.count('ST6');
        if (message.attributes.ReferenceID === undefined) return;
        this.count('AG17');
        if (message.name === 'EventAgentLogin') this.#each('SS12', 'AG1');
        if (message.name === 'EventAgentLogout') this.count('SS15');
        return;
      default:
    }
  }

  /** What a centre decides about queues that are pooled (PQ1). */
  centreWants(effect: CentreEffect): void {
    switch (effect.type) {
      case 'poolWaiting':
        return this.count('QU16');
      case 'poolGrant':
        return this.count('QU17');
      case 'poolTake':
        return this.count('QU18');
      case 'ring':
        if (effect.reservation !== undefined && effect.trunk === undefined) this.count('QU19');
        return;
      case 'poolRefuse':
        return this.count('QU20');
      default:
    }
  }

  /** A line of the log of a SIP Server: about somebody who proves nothing, or a gateway that does not answer. */
  siteWrites(what: string): void {
    if (what === 'registration refused' || what === 'call refused') this.count('SS4');
    if (what === 'other site answers') this.count('SS70');
    if (what === 'follows') this.count('LG1');
    if (what === 'pool refused') this.count('QU21');
    if (what === 'mate behind' || what === 'mate in step') this.count('LG2');
    if (what === 'entries missing' || what === 'records differ') this.#each('LG6', 'LG7');
    if (what === 'call not adopted') this.count('AD8');
    if (what === 'call of the other site ended') this.count('AD9');
    if (what === 'call has crossed already') this.count('SS77');
    if (what === 'trunk out of service' || what === 'trunk back in service') this.count('SS35');
  }

  /** A connection that a SIP Server closes, by its own words. */
  siteCloses(why: string): void {
    if (why.startsWith('No answer to a ping')) this.#each('LH3', 'SS9');
    if (why.startsWith('the same session')) this.count('SS8');
  }

  #each(...rules: readonly string[]): void {
    for (const rule of rules) this.count(rule);
  }

  #refused(code: ErrorCode): void {
    this.count('AG17');
    for (const rule of REFUSALS[code] ?? []) this.count(rule);
  }

  /** What a SIP Server sends over SIP. */
  siteTransmits(
    message: SipMessage,
    { now, transaction, target }: { now: Millis; transaction: string | undefined; target: Target },
  ): void {
    if (message.body.length > 0) this.#described(message);
    if (headerValue(message, 'session-expires') !== undefined) this.count('AD6');
    this.#forwards(message);
    if (message.kind === 'request') {
      // The numbers of a call that was taken over: each such request reaches an end of it where that end is now.
      if ((cseqOf(message)?.number ?? 0) >= ADOPTED_CSEQ_MIN) this.#each('AD3', 'AD4', 'AD5');
      if (headerValue(message, 'reason') === SITE_GONE_REASON) this.count('AD10');
      // The answer to an offer in a 2xx (RFC 3261 §13.2.2.4).
      if (message.method === 'ACK' && message.body.length > 0) this.count('SS23');
      if (message.method === 'INVITE') this.#forks(message, now);
      // In a dialog it turns the caller from the announcer to the agent, or puts one end's offer to the other.
      if (message.method !== 'INVITE') return;
      if (toOf(message)?.params.has('tag') === true) this.count('SS20');
      else if (!isWhereItsUriSays(message.uri, target)) this.count('RG6');
      return;
    }
    const { status } = message;
    if (status === 401 && transaction === undefined) this.count('SS3');
    // A challenge is what every exchange begins with; that a nonce is no longer good, or was used, is decided.
    if (status === 401 && /stale=true/i.test(headerValue(message, 'www-authenticate') ?? ''))
      this.count('PH4');
    // The methods that are not for us.
    if (status === 405) this.count('SS26');
    switch (cseqOf(message)?.method) {
      case 'REGISTER':
        if (headerValue(message, 'require') === 'outbound') this.count('RG5');
        if (status === 503) this.count('PQ5');
        if (status === 200) this.count('RG1');
        else if (status === 500) this.count('RG3');
        return;
      case 'INVITE':
        if (status === 180) this.count('SS21');
        if (status === 183 && message.body.length > 0) this.count('SS22');
        if (status === 401) this.count('SS16');
        if (status === 603) this.count('SS42');
        return;
      case 'OPTIONS':
        if (status === 503) this.count('SS43');
        if (status === 200) this.count('SS26');
        return;
      default:
    }
  }

  /** A direct call goes to the other site, or whoever makes it is sent there. */
  #forwards(message: SipMessage): void {
    if (message.kind === 'response') {
      if (message.status === 302 && headerValue(message, 'contact')?.includes(';holdfast-hop') === true)
        this.count('SS78');
      return;
    }
    if (message.method !== 'INVITE' || headerValue(message, 'x-holdfast-hop') === undefined) return;
    if (headerValue(message, 'x-holdfast-reservation') !== undefined) return;
    this.count(headerValue(message, 'x-holdfast-origin') === undefined ? 'SS76' : 'SS79');
  }

  /** Two INVITEs of one call to one extension, sent in one turn, go to two of its contacts. */
  #forks(message: SipMessage, now: Millis): void {
    const connId = headerValue(message, 'x-holdfast-connid');
    if (connId !== undefined) this.#trunks(connId, message, now);
    const { callId } = this.#lastInvite;
    const nextId = headerValue(message, 'call-id');
    if (connId !== undefined && connId === this.#lastInvite.connId && now === this.#lastInvite.now)
      if (callId !== nextId) this.count('SS24');
    this.#lastInvite = { connId, callId: nextId, now };
  }

  /** One call goes to two gateways, one after the other; what is called at the port of an announcer. */
  #trunks(connId: string, message: SipMessage, now: Millis): void {
    const host = message.kind === 'request' ? /@([\d.]+)/.exec(message.uri)?.[1] : undefined;
    if (host === ANNOUNCER) this.count('SS34');
    if (host !== GATEWAY && host !== DEAD_GATEWAY) return;
    const before = this.#gatewayOf.get(connId);
    if (before !== undefined && before.host !== host && now > before.now) this.count('SS32');
    if (this.#gatewayOf.size > ORIGINS_MAX) this.#gatewayOf.clear();
    this.#gatewayOf.set(connId, { host, now });
  }

  readonly #gatewayOf = new Map<string, { readonly host: string; readonly now: Millis }>();

  #lastInvite: { connId: string | undefined; callId: string | undefined; now: Millis } = {
    connId: undefined,
    callId: undefined,
    now: 0,
  };

  /** One end is described another party under the origin of the first, in a higher version. */
  #described(message: SipMessage): void {
    const callId = headerValue(message, 'call-id') ?? '';
    const origin = /^o=(\S+ \S+) (\d+)/m.exec(String.fromCharCode(...message.body));
    if (origin === null) return;
    const [, session = '', version = ''] = origin;
    const before = this.#origins.get(callId);
    if (before?.session === session && Number(version) > before.version) this.count('SS19');
    if (this.#origins.size > ORIGINS_MAX) this.#origins.clear();
    this.#origins.set(callId, { session, version: Number(version) });
  }

  readonly #origins = new Map<string, { readonly session: string; readonly version: number }>();

  /** An answer of a phone that a SIP Server receives: one that does not take the call. */
  siteHears(message: SipMessage): void {
    if (message.kind === 'request') return;
    if (message.status >= 300 && message.status < 303) this.count('SS33');
    if (message.status < 400 || message.status === 487) return;
    if (cseqOf(message)?.method === 'INVITE') this.count('QU9');
  }

  phoneTells(fact: PhoneFact): void {
    switch (fact.name) {
      case 'registered':
        if (fact.expiresMs !== 1000 * ASKED_S) this.count('RG9');
        return;
      case 'unregistered':
        return this.count('PH6');
      case 'registrationFailed':
        return this.count('PH2');
      case 'ringing':
        // Our own phone, called because we asked for a call by the desk.
        if (fact.from === fact.to) this.count('SS28');
        return;
      case 'established':
        return this.count('PH9');
      case 'held':
      case 'retrieved':
        return this.count('PH11');
      default:
    }
  }
}

/** Whether the request goes to the address that it names; else the phone is behind another, or at the end of a connection. */
function isWhereItsUriSays(uri: string, { host, port, transport }: Target): boolean {
  const [, uriHost, uriPort = '5060'] = /@([^:;>]+)(?::(\d+))?/.exec(uri) ?? [];
  return transport === 'UDP' && host === uriHost && String(port) === uriPort;
}

/** Which rule refuses with which code. */
const REFUSALS: Partial<Record<ErrorCode, readonly string[]>> = {
  'stale-stamp': ['LL1'],
  'phone-out-of-service': ['AG1'],
  'already-logged-in': ['AG3'],
  'agent-elsewhere': ['AG3'],
  'epoch-too-low': ['AG3'],
  'shutting-down': ['AG21', 'SS41'],
  'not-logged-in': ['AG16'],
  'not-allowed': ['AG16'],
  'unknown-call': ['CA10'],
  'phone-busy': ['SS31'],
  'phone-no-answer': ['SS31'],
  'phone-rejected': ['SS31'],
};
