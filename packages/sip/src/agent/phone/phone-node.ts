/**
 * A whole SIP phone as one node: it registers by its scheme (PH1), rings, answers, dials, holds and hangs up. It knows
 * no sockets and no sound: a shell sends its messages and plays its RTP. Robots, the simulator and a browser run the
 * same class, and so does a caller behind a trunk, who is a phone with the scheme `none`.
 *
 *     command ─► registration ─┐                      ┌─► transmit, lookup
 *     sip     ─► user agent  ──┼─► user agent ─► endpoint
 *     time    ─► calls       ──┘                      └─► media, phone (what an observer sees)
 */
import { type Millis, type Node, randomToken } from '@holdfast/kernel';
import type { Destination, TransactionId } from '../../endpoint-types.ts';
import { withBrackets } from '../../locate/address-literal.ts';
import type { SipRequest } from '../../message/message.ts';
import type { UserAgentEvent } from '../../user-agent-types.ts';
import { answerChallenge } from '../digest-answer.ts';
import { REGISTRATION_DEFAULTS } from '../registration-types.ts';
import { SipUserAgent } from '../user-agent.ts';
import type { UserAgentOutput } from '../user-agent-options.ts';
import { PhoneCalls } from './phone-calls.ts';
import { PhoneNamedRegistration } from './phone-named-registration.ts';
import { PhoneRegistration } from './phone-registration.ts';
import type { PhoneCommand, PhoneEffect, PhoneInput, PhoneOptions } from './phone-types.ts';

const ALLOW = 'INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO';

export class PhoneNode implements Node<PhoneInput, PhoneEffect> {
  readonly #options: PhoneOptions;
  readonly #userAgent: SipUserAgent;
  readonly #registration: PhoneRegistration | PhoneNamedRegistration | undefined;
  readonly #calls: PhoneCalls;
  #effects: PhoneEffect[] = [];
  /** What the user agent has told and nobody has looked at yet: always empty between two calls of ours. */
  readonly #events: UserAgentEvent[] = [];

  constructor(options: PhoneOptions) {
    this.#options = options;
    const { random, sentBy, hashes, timers, number, scheme } = options;
    const transport = options.transport ?? 'UDP';
    const { host, port } = sentBy(transport);
    const parameter = transport === 'UDP' ? '' : `;transport=${transport.toLowerCase()}`;
    const contact = `sip:${number}@${withBrackets(host)}:${port}${parameter}`;
    this.#userAgent = new SipUserAgent({
      random,
      sentBy,
      contact,
      // A call that has come as far as it may ends here anyway.
      forwards: false,
      connects: true,
      answerChallenge: (challenges, request) => {
        const cnonce = randomToken(random, 16);
        const answer = answerChallenge(challenges, { ...request, hashes, cnonce });
        return answer.name === 'answer' ? answer.value : undefined;
      },
      ...(timers !== undefined && { timers }),
    });
    const tell = (fact: Extract<PhoneEffect, { type: 'phone' }>['fact']) =>
      this.#effects.push({ type: 'phone', fact });
    const ports = {
      send: (now: Millis, request: SipRequest, destination: Destination) =>
        this.#send(now, request, destination),
      effect: (effect: PhoneEffect) => this.#effects.push(effect),
      tell,
    };
    const { service } = options;
    if (scheme === 'none') this.#registration = undefined;
    else if (service === undefined)
      this.#registration = new PhoneRegistration(scheme, contact, options, ports);
    else this.#registration = new PhoneNamedRegistration(scheme, contact, { ...options, service }, ports);
    this.#calls = new PhoneCalls(options, {
      userAgent: this.#userAgent,
      contact,
      run: (output) => this.#run(output),
      effect: (effect) => this.#effects.push(effect),
      tell,
      sites: () => this.#registration?.sites ?? options.sites,
    });
  }

  /** Calls that are ringing, dialling or standing. */
  get calls(): number {
    return this.#calls.size;
  }

  /** The sites that hold a binding of ours. */
  get registeredAt(): readonly string[] {
    return (this.#registration?.sites ?? []).map(({ site }) => site);
  }

  handle(now: Millis, input: PhoneInput): PhoneEffect[] {
    switch (input.type) {
      case 'sip':
        this.#run(this.#userAgent.receive(now, input.message, input.source));
        break;
      case 'malformed':
        this.#run(this.#userAgent.receiveMalformed(now, input.failure, input.source));
        break;
      case 'transportFailed':
        this.#run(this.#userAgent.transportFailed(now, input));
        this.#hear(now);
        if (input.flow !== undefined) this.#registration?.flowLost(now, input.flow);
        break;
      case 'lookedUp':
        if (
          this.#registration instanceof PhoneNamedRegistration &&
          this.#registration.lookedUp(now, input.id, input.answer)
        )
          break;
        this.#run(this.#userAgent.lookedUp(now, input.id, input.answer));
        break;
      case 'command':
        this.#command(now, input.command);
        break;
    }
    return this.#settle(now);
  }

  nextDeadline(): Millis | undefined {
    let next = this.#userAgent.nextDeadline();
    for (const at of [this.#registration?.nextDeadline(), this.#calls.nextDeadline()]) {
      if (at !== undefined && (next === undefined || at < next)) next = at;
    }
    return next;
  }

  expire(now: Millis): PhoneEffect[] {
    this.#run(this.#userAgent.expire(now));
    this.#hear(now);
    const registrationAt = this.#registration?.nextDeadline();
    if (registrationAt !== undefined && registrationAt <= now)
      this.#registration?.step(now, { type: 'time' });
    this.#calls.expire(now);
    return this.#settle(now);
  }

  #command(now: Millis, command: PhoneCommand): void {
    switch (command.name) {
      case 'register':
        return this.#registration?.step(now, { type: 'start' });
      case 'unregister':
        return this.#registration?.step(now, { type: 'stop' });
      case 'refresh':
        return this.#registration?.step(now, { type: 'refresh' });
      default:
        return this.#calls.command(now, command);
    }
  }

  #send(now: Millis, request: SipRequest, destination: Destination): TransactionId {
    // Twice as long as the attempt may take: an answer that comes late still tells that we are registered there.
    const giveUpMs = 2 * (this.#options.registration?.attemptMs ?? REGISTRATION_DEFAULTS.attemptMs);
    const { transaction, output } = this.#userAgent.sendRequest(now, request, destination, { giveUpMs });
    this.#run(output);
    return transaction;
  }

  #run(output: UserAgentOutput): void {
    this.#effects.push(...output.effects);
    this.#events.push(...output.events);
  }

  /** Looks at what the user agent has told until nothing new comes. */
  #hear(now: Millis): void {
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift())
      this.#take(now, event);
  }

  #settle(now: Millis): PhoneEffect[] {
    this.#hear(now);
    return this.#effects.length === 0 ? [] : this.#effects.splice(0);
  }

  #take(now: Millis, event: UserAgentEvent): void {
    if (event.type === 'response') {
      this.#registration?.responded(now, event.transaction, event.status, event.response, event.source);
    } else if (event.type === 'request') {
      const isOptions = event.request.method === 'OPTIONS';
      const headers = [
        ['Allow', ALLOW],
        ['Accept', 'application/sdp'],
      ] as const;
      this.#run(this.#userAgent.respond(now, event.transaction, isOptions ? 200 : 405, { headers }));
    } else this.#calls.take(now, event);
  }
}
