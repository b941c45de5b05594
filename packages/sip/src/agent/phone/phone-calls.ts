/**
 * The calls of a phone: rings, answers, dials, holds and hangs up, and lets no call stand that is dead. The dialogs
 * are the user agent's; here is only what a person at the telephone would know.
 */
import { decodeUtf8, type Millis, randomInteger } from '@holdfast/kernel';
import { fromOf, headerValue, toOf } from '../../message/headers.ts';
import type { SipRequest } from '../../message/message.ts';
import { NO_PARAMS } from '../../message/params.ts';
import { formatUri, parseUri } from '../../message/uri.ts';
import type { LegId, UserAgentEvent } from '../../user-agent-types.ts';
import type { SipUserAgent } from '../user-agent.ts';
import type { UserAgentOutput } from '../user-agent-options.ts';
import { answerTo, describe, isHeldByRemote, mediaOf, type PhoneCall, takeAnswer } from './phone-call.ts';
import type { PhoneCommand, PhoneEffect, PhoneFact, PhoneOptions, PhoneSite } from './phone-types.ts';

export interface PhoneCallsPorts {
  readonly userAgent: SipUserAgent;
  /** Our Contact as URI text. */
  readonly contact: string;
  /** Performs effects and queues events. */
  run(output: UserAgentOutput): void;
  effect(effect: PhoneEffect): void;
  tell(fact: PhoneFact): void;
  /** Where an outgoing call is tried, in this order. */
  sites(): readonly PhoneSite[];
}

const RINGING_MAX_MS = 60_000;
const CALL_ATTEMPT_MS = 4000;
const HANGUP_MAX_MS = 2000;
const CHECK_CALLS_EVERY_MS = 30_000;

export class PhoneCalls {
  readonly #options: PhoneOptions;
  readonly #ports: PhoneCallsPorts;
  readonly #calls = new Map<LegId, PhoneCall>();
  #answerAfterMs: number | null;

  constructor(options: PhoneOptions, ports: PhoneCallsPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#answerAfterMs = options.answerAfterMs ?? null;
  }

  get size(): number {
    return this.#calls.size;
  }

  nextDeadline(): Millis | undefined {
    let next: Millis | undefined;
    for (const { answerAt, giveUpAt, checkAt } of this.#calls.values()) {
      for (const at of [answerAt, giveUpAt, checkAt])
        if (at !== undefined && (next === undefined || at < next)) next = at;
    }
    return next;
  }

  expire(now: Millis): void {
    for (const call of [...this.#calls.values()]) {
      if (call.answerAt !== undefined && call.answerAt <= now) this.#answer(now, call);
      if (call.giveUpAt !== undefined && call.giveUpAt <= now) this.#giveUp(now, call);
      if (call.checkAt !== undefined && call.checkAt <= now) this.#check(now, call);
    }
  }

  command(
    now: Millis,
    command: Exclude<PhoneCommand, { name: 'register' | 'unregister' | 'refresh' }>,
  ): void {
    switch (command.name) {
      case 'answerAfter':
        this.#answerAfterMs = command.ms;
        return;
      case 'call':
        return this.#dial(now, command);
      case 'answer':
        return this.#with(now, command, isRinging, (call) => this.#answer(now, call));
      case 'reject':
        return this.#with(now, command, isRinging, (call) => this.#reject(now, call, command.status ?? 603));
      case 'hangup':
        return this.#with(
          now,
          command,
          () => true,
          (call) => this.#hangup(now, call),
        );
      case 'hold':
        return this.#with(
          now,
          command,
          (call) => isChangeable(call) && call.wanted === 'sendrecv',
          (call) => this.#change(now, call, 'hold'),
        );
      case 'transfer':
        return this.#with(now, command, isChangeable, (call) => this.#transfer(now, call, command.to));
      case 'retrieve':
        return this.#with(
          now,
          command,
          (call) => isChangeable(call) && call.wanted !== 'sendrecv',
          (call) => this.#change(now, call, 'retrieve'),
        );
    }
  }

  /** What the user agent says about a leg. */
  take(now: Millis, event: UserAgentEvent): void {
    if (event.type === 'incoming') return this.#incoming(now, event.leg, event.request);
    if (!('leg' in event)) return;
    const call = this.#calls.get(event.leg);
    if (call === undefined) return;
    switch (event.type) {
      case 'cancelled':
        return this.#end(now, call, 'remote', 487);
      case 'progress':
        call.giveUpAt = undefined;
        call.sitesLeft = [];
        if (event.sdp !== undefined) this.#hear(call, event.sdp);
        return this.#ports.tell({ name: 'progress', at: now, leg: call.leg, status: event.status });
      case 'answered':
        takeAnswer(call, event.sdp);
        return this.#established(now, call);
      case 'acknowledged':
        if (event.sdp !== undefined) this.#hear(call, event.sdp);
        if (call.state !== 'established') this.#established(now, call);
        return;
      case 'failed':
        return this.#failed(now, call, event.status);
      case 'offer':
        return this.#offered(now, call, event.sdp);
      case 'offerAnswered':
        return this.#changed(now, call, event.status, event.sdp);
      case 'inDialogRequest':
        return this.#asked(now, call, event.transaction, event.request);
      case 'inDialogResponse':
        // What is accepted is told by NOTIFY.
        if (event.method !== 'REFER' || event.status < 300) return;
        return this.#ports.tell({ name: 'transferring', at: now, leg: call.leg, status: event.status });
      case 'ended':
        return this.#end(now, call, event.by, 0);
    }
  }

  #incoming(now: Millis, leg: LegId, request: SipRequest): void {
    const { userAgent, run } = this.#ports;
    if (parseUri(request.uri)?.user !== this.#options.number) return run(userAgent.reject(now, leg, 404, {}));
    const line = this.#freeLine();
    if (line === undefined) return run(userAgent.reject(now, leg, 486, {}));
    const hasOffer = request.body.length > 0;
    const call = this.#newCall(leg, 'in', line, { offersInAnswer: !hasOffer });
    // The offer is read now, so that what we could not talk to never rings (RFC 3261 §13.3.1.3).
    if (hasOffer && answerTo(call, request.body) === undefined)
      return run(userAgent.reject(now, leg, 488, {}));
    if (this.#answerAfterMs !== null) call.answerAt = now + this.#answerAfterMs;
    call.giveUpAt = now + (this.#options.ringingMaxMs ?? RINGING_MAX_MS);
    this.#calls.set(leg, call);
    run(userAgent.ring(now, leg, { status: 180 }));
    const userIn = (key: 'from' | 'to') =>
      parseUri((key === 'from' ? fromOf : toOf)(request)?.uri ?? '')?.user ?? '';
    this.#ports.tell({ name: 'ringing', at: now, leg, from: userIn('from'), to: userIn('to') });
  }

  #answer(now: Millis, call: PhoneCall): void {
    call.answerAt = undefined;
    call.giveUpAt = undefined;
    const { userAgent, run } = this.#ports;
    // Without an offer of theirs our answer is the offer, and the ACK brings theirs.
    const direction = call.offersInAnswer ? 'sendrecv' : call.described;
    run(userAgent.answer(now, call.leg, { sdp: describe(call, direction) }));
    if (!call.offersInAnswer) this.#established(now, call);
  }

  #established(now: Millis, call: PhoneCall): void {
    call.state = 'established';
    call.giveUpAt = undefined;
    call.sitesLeft = [];
    this.#watch(now, call);
    this.#ports.effect(mediaOf(call));
    this.#ports.tell({ name: 'established', at: now, leg: call.leg, direction: call.direction });
  }

  #dial(now: Millis, command: Extract<PhoneCommand, { name: 'call' }>): void {
    const line = this.#freeLine();
    if (line === undefined) return this.#refuse(now, command.name, 'all lines are in use');
    const preferred = command.site;
    const sites = [...this.#ports.sites()].sort(
      (a, b) => Number(b.site === preferred) - Number(a.site === preferred),
    );
    if (sites.length === 0) return this.#refuse(now, command.name, 'registered at no site');
    const to = this.#uriOf(command.to);
    if (to === undefined) return this.#refuse(now, command.name, 'this cannot be dialled');
    const call = this.#newCall('', 'out', line, {
      dialled: { to, headers: command.headers ?? [] },
      sitesLeft: sites,
    });
    this.#tryNextSite(now, call);
  }

  /** Of a number in our domain, escaped as a user is, or of a URI that is one. */
  #uriOf(to: string): string | undefined {
    if (/^[a-z][a-z0-9+.-]*:/i.test(to)) return parseUri(to) === undefined ? undefined : to;
    if (to === '') return undefined;
    return formatUri({ scheme: 'sip', user: to, host: this.#options.domain, params: NO_PARAMS });
  }

  /** Rule PH3: the sites one after another, until one gives a sign of life. */
  #tryNextSite(now: Millis, call: PhoneCall): void {
    const [site, ...sitesLeft] = call.sitesLeft as [PhoneSite, ...PhoneSite[]];
    const { number, domain, displayName, user, password } = this.#options;
    const { to, headers } = call.dialled as NonNullable<PhoneCall['dialled']>;
    const name = displayName === undefined ? '' : `"${displayName.replace(/["\\]/g, '')}" `;
    const { leg, output } = this.#ports.userAgent.invite(now, {
      uri: to,
      destination: site.destination,
      from: `${name}<sip:${number}@${domain}>`,
      to: `<${to}>`,
      contact: this.#ports.contact,
      sdp: describe(call, 'sendrecv'),
      headers,
      credentials: { user: user ?? number, password },
    });
    call.leg = leg;
    call.sitesLeft = sitesLeft;
    call.giveUpAt =
      sitesLeft.length === 0 ? undefined : now + (this.#options.callAttemptMs ?? CALL_ATTEMPT_MS);
    this.#calls.set(leg, call);
    this.#ports.tell({ name: 'dialing', at: now, leg, to, site: site.site, port: call.local.port });
    this.#ports.run(output);
  }

  #giveUp(now: Millis, call: PhoneCall): void {
    call.giveUpAt = undefined;
    if (call.isHungUp) return this.#end(now, call, 'lost', 408);
    if (call.direction === 'in') return this.#reject(now, call, 480);
    // A late answer of the first site must find nobody: its leg is cancelled and forgotten.
    this.#ports.run(this.#ports.userAgent.cancel(now, call.leg));
    this.#calls.delete(call.leg);
    this.#tryNextSite(now, call);
  }

  #failed(now: Millis, call: PhoneCall, status: number): void {
    const isSiteAtFault = status === 408 || status === 503 || status === 500;
    if (isSiteAtFault && call.sitesLeft.length > 0 && !call.isHungUp) {
      this.#calls.delete(call.leg);
      return this.#tryNextSite(now, call);
    }
    this.#end(now, call, call.isHungUp ? 'local' : 'refused', status);
  }

  #reject(now: Millis, call: PhoneCall, status: number): void {
    this.#ports.run(this.#ports.userAgent.reject(now, call.leg, status, {}));
    this.#end(now, call, 'local', status);
  }

  #hangup(now: Millis, call: PhoneCall): void {
    const { userAgent, run } = this.#ports;
    if (call.state === 'ringing') return this.#reject(now, call, 603);
    if (call.isHungUp) return;
    call.isHungUp = true;
    // The line is free when the other side has answered, or has not for long enough: a person who has hung up
    // at a lost site does not wait for Timer F before the next call.
    call.giveUpAt = now + HANGUP_MAX_MS;
    call.checkAt = undefined;
    run(call.state === 'dialing' ? userAgent.cancel(now, call.leg) : userAgent.bye(now, call.leg, {}));
  }

  #change(now: Millis, call: PhoneCall, change: 'hold' | 'retrieve'): void {
    call.changing = change;
    call.wanted = change === 'hold' ? 'sendonly' : 'sendrecv';
    this.#ports.run(this.#ports.userAgent.reinvite(now, call.leg, describe(call, call.wanted)));
  }

  #changed(now: Millis, call: PhoneCall, status: number, sdp: Uint8Array | undefined): void {
    const change = call.changing;
    call.changing = undefined;
    if (status >= 300) {
      // Refused: the call goes on as it was (RFC 3261 §14.1).
      if (change !== undefined) call.wanted = change === 'hold' ? 'sendrecv' : 'sendonly';
      return;
    }
    takeAnswer(call, sdp);
    this.#ports.effect(mediaOf(call));
    if (change === undefined) return;
    this.#ports.tell({ name: change === 'hold' ? 'held' : 'retrieved', at: now, leg: call.leg, by: 'local' });
  }

  #offered(now: Millis, call: PhoneCall, sdp: Uint8Array | undefined): void {
    const { userAgent, run } = this.#ports;
    const wasHeld = isHeldByRemote(call);
    const answer = sdp === undefined ? describe(call, call.wanted) : answerTo(call, sdp);
    if (answer === undefined) return run(userAgent.rejectOffer(now, call.leg, 488));
    run(userAgent.acceptOffer(now, call.leg, answer));
    this.#watch(now, call);
    this.#ports.effect(mediaOf(call));
    if (isHeldByRemote(call) === wasHeld) return;
    this.#ports.tell({ name: wasHeld ? 'retrieved' : 'held', at: now, leg: call.leg, by: 'remote' });
  }

  /** Their answer, or early media: it is heard from now on. */
  #hear(call: PhoneCall, sdp: Uint8Array): void {
    takeAnswer(call, sdp);
    this.#ports.effect(mediaOf(call));
  }

  /** RFC 3515 §2.4.1. */
  #transfer(now: Millis, call: PhoneCall, to: string): void {
    const uri = this.#uriOf(to);
    if (uri === undefined) return this.#refuse(now, 'transfer', 'this cannot be dialled');
    const headers = [['Refer-To', `<${uri}>`]] as const;
    this.#ports.run(this.#ports.userAgent.sendInDialog(now, call.leg, 'REFER', { headers }));
  }

  #asked(now: Millis, { leg }: PhoneCall, transaction: string, request: SipRequest): void {
    const status = request.method === 'NOTIFY' ? referredStatus(request) : undefined;
    if (status !== undefined) this.#ports.tell({ name: 'transferring', at: now, leg, status });
    const isFine = request.method === 'INFO' || request.method === 'OPTIONS' || status !== undefined;
    this.#ports.run(this.#ports.userAgent.respond(now, transaction, isFine ? 200 : 405, {}));
  }

  /** An OPTIONS inside the dialog: 481, 408 or silence ends the leg in the user agent [C47]. */
  #check(now: Millis, call: PhoneCall): void {
    this.#watch(now, call);
    this.#ports.run(this.#ports.userAgent.sendInDialog(now, call.leg, 'OPTIONS', {}));
  }

  #watch(now: Millis, call: PhoneCall): void {
    const everyMs = this.#options.checkCallsEveryMs ?? CHECK_CALLS_EVERY_MS;
    // Not all phones of a site at the same moment [D42].
    if (everyMs > 0) call.checkAt = now + Math.round(everyMs * (0.75 + 0.5 * this.#options.random()));
  }

  #end(now: Millis, call: PhoneCall, by: 'local' | 'remote' | 'lost' | 'refused', status: number): void {
    if (!this.#calls.delete(call.leg)) return;
    const { leg } = call;
    this.#ports.effect({ type: 'media', leg, local: null, remote: null, direction: 'inactive' });
    this.#ports.tell({
      name: 'ended',
      at: now,
      leg,
      by,
      status,
      wasEstablished: call.state === 'established',
    });
  }

  #with(
    now: Millis,
    command: { readonly name: PhoneCommand['name']; readonly leg?: LegId },
    fits: (call: PhoneCall) => boolean,
    act: (call: PhoneCall) => void,
  ): void {
    const call =
      command.leg === undefined ? [...this.#calls.values()].find(fits) : this.#calls.get(command.leg);
    if (call === undefined) return this.#refuse(now, command.name, 'no such call');
    if (!fits(call)) return this.#refuse(now, command.name, `the call is ${call.state}`);
    act(call);
  }

  #refuse(now: Millis, command: PhoneCommand['name'], because: string): void {
    this.#ports.tell({ name: 'refusedCommand', at: now, command, because });
  }

  #freeLine(): number | undefined {
    const used = new Set([...this.#calls.values()].map((call) => call.line));
    const free = this.#options.media.ports.findIndex((_port, line) => !used.has(line));
    return free === -1 ? undefined : free;
  }

  #newCall(leg: LegId, direction: 'in' | 'out', line: number, more: Partial<PhoneCall>): PhoneCall {
    const { media, random } = this.#options;
    return {
      leg,
      direction,
      state: direction === 'in' ? 'ringing' : 'dialing',
      line,
      local: { host: media.host, port: media.ports[line] as number },
      sdpSession: randomInteger(random, 1, 2 ** 31 - 1),
      sdpVersion: 0,
      described: 'sendrecv',
      wanted: 'sendrecv',
      remote: undefined,
      changing: undefined,
      offersInAnswer: false,
      answerAt: undefined,
      giveUpAt: undefined,
      checkAt: undefined,
      dialled: undefined,
      sitesLeft: [],
      isHungUp: false,
      ...more,
    };
  }
}

/** What a NOTIFY of a transfer says; undefined for one of anything else (RFC 3515 §2.4.5). */
function referredStatus(request: SipRequest): number | undefined {
  if (headerValue(request, 'event')?.split(';', 1)[0]?.trim() !== 'refer') return undefined;
  const status = Number(/^SIP\/2\.0 (\d{3}) /.exec(decodeUtf8(request.body))?.[1]);
  return Number.isNaN(status) ? undefined : status;
}

function isRinging(call: PhoneCall): boolean {
  return call.state === 'ringing';
}

/** One change at a time: a second one would cross the first. */
function isChangeable(call: PhoneCall): boolean {
  return call.state === 'established' && call.changing === undefined && !call.isHungUp;
}
