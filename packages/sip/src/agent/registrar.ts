/**
 * The registrar (RFC 3261 §10.3, RFC 5626 §6): which contacts an address of record has now. It is told what comes in
 * and what time it is; it answers with the response and with what has changed. Who may register is decided before
 * (see `digest-challenger.ts`).
 *
 * A binding ends by its time, by the phone's wish, because a newer registration of the same phone takes its place
 * [C12, D22], or because the connection over which the phone is reached is gone [C42]: a dead contact must not stand
 * until it expires [D17].
 */
import { Deadlines, type Millis, randomInteger } from '@holdfast/kernel';
import { createResponse } from '../message/build-message.ts';
import type { SipRequest } from '../message/message.ts';
import { sameUri } from '../message/uri.ts';
import { isReliable, type Source } from '../target.ts';
import {
  type ContactWish,
  type ExpiresLimits,
  type RegisterRefusal,
  type RegisterWish,
  readRegister,
  sameRegistration,
} from './registrar-request.ts';
import {
  ADDRESSES_MAX,
  type Binding,
  CONTACTS_MAX,
  RETRY_AFTER_MAX_S,
  type RegisteredContact,
  type RegistrarAnswer,
  type RegistrarChange,
  type RegistrarOptions,
} from './registrar-types.ts';

const NO_BINDINGS: readonly Binding[] = [];

export class Registrar {
  #limits: ExpiresLimits;
  readonly #contactsMax: number;
  readonly #addressesMax: number;
  /** Never an empty list. */
  readonly #bindings = new Map<string, readonly Binding[]>();
  /** Connections and the addresses reached over them. UDP sockets are not in it: one serves everybody. */
  readonly #byFlow = new Map<string, Set<string>>();
  /** Per address an instant at which one of its bindings may have expired; it may be early, never late. */
  readonly #deadlines = new Deadlines<string>();
  /** Addresses whose bindings another server made: what it did last may not have been answered. */
  readonly #loaded = new Set<string>();
  #answers = 0;

  constructor(options: RegistrarOptions = {}) {
    this.#limits = limitsOf(options);
    this.#contactsMax = options.contactsMax ?? CONTACTS_MAX;
    this.#addressesMax = options.addressesMax ?? ADDRESSES_MAX;
  }

  /** Other limits, for the registrations to come. */
  setLimits(options: RegistrarOptions): void {
    this.#limits = limitsOf(options);
  }

  /** The contacts of an address, the most wanted first (q), of equals the one refreshed last. */
  bindings(aor: string): readonly Binding[] {
    const bindings = this.#bindings.get(aor) ?? NO_BINDINGS;
    if (bindings.length < 2) return bindings;
    return [...bindings].sort((a, b) => b.q - a.q || b.refreshedAt - a.refreshedAt);
  }

  /** All of them, for boards and followers. */
  *all(): IterableIterator<Binding> {
    for (const bindings of this.#bindings.values()) yield* bindings;
  }

  /** Addresses with at least one contact. */
  get size(): number {
    return this.#bindings.size;
  }

  /** Connections over which somebody is reached. */
  get connections(): number {
    return this.#byFlow.size;
  }

  /** Answers a REGISTER that may be carried out. */
  handle(now: Millis, request: SipRequest, source: Source): RegistrarAnswer {
    const wish = readRegister(request, source, this.#limits, this.#contactsMax);
    if ('status' in wish) return this.#refuse(request, wish, []);
    const changes = this.#expireOf(now, wish.aor);
    const present = this.#bindings.get(wish.aor) ?? NO_BINDINGS;
    const refusal = this.#refusalOf(wish, present);
    if (refusal !== undefined) return this.#refuse(request, refusal, changes);
    this.#loaded.delete(wish.aor);
    const bindings = this.#carryOut(now, wish, present, source, changes);
    if (bindings !== present) this.#keep(wish.aor, present, bindings);
    const headers = bindings.map((binding): readonly [string, string] => [
      'Contact',
      `<${binding.contact}>${binding.params};expires=${secondsLeft(binding.expiresAt - now)}`,
    ]);
    if (wish.isOutbound) headers.push(['Require', 'outbound']);
    return { response: createResponse(request, 200, { headers, toTag: this.#tag() }), changes };
  }

  /** Goes on with what another registrar held for this address (RG8). Says nothing to anybody. */
  load(aor: string, bindings: readonly Binding[]): void {
    if (bindings.length === 0) return;
    this.#keep(aor, this.#bindings.get(aor) ?? NO_BINDINGS, bindings);
    this.#loaded.add(aor);
  }

  /** A connection is gone: nobody is reached over it any more [C42]. */
  flowFailed(now: Millis, flow: string): readonly RegistrarChange[] {
    const changes: RegistrarChange[] = [];
    for (const aor of [...(this.#byFlow.get(flow) ?? [])]) {
      this.#expireOf(now, aor, changes);
      this.#removeWhere(aor, (binding) => binding.target.flow === flow, 'its connection was lost', changes);
    }
    return changes;
  }

  /**
   * A request to this contact could not be delivered or was not answered: it must not stand until it expires [D17]. Where
   * the phone has registered it since, the request went a former way, over a connection perhaps that is no more.
   */
  contactFailed(now: Millis, aor: string, called: RegisteredContact): readonly RegistrarChange[] {
    const changes = this.#expireOf(now, aor);
    const isSame = ({ contact, callId, cseq }: Binding) =>
      contact === called.contact && callId === called.callId && cseq === called.cseq;
    this.#removeWhere(aor, isSame, 'it did not answer', changes);
    return changes;
  }

  /** Whoever keeps the registrar wants the address to be reached elsewhere. */
  release(now: Millis, aor: string): readonly RegistrarChange[] {
    const changes = this.#expireOf(now, aor);
    this.#removeWhere(aor, () => true, 'its phone was sent to another server', changes);
    return changes;
  }

  /** May be early: a refresh does not move it. */
  nextDeadline(): Millis | undefined {
    return this.#deadlines.next();
  }

  expire(now: Millis): readonly RegistrarChange[] {
    const changes: RegistrarChange[] = [];
    for (let aor = this.#deadlines.takeDue(now); aor !== undefined; aor = this.#deadlines.takeDue(now)) {
      this.#expireOf(now, aor, changes);
      this.#watch(aor);
    }
    return changes;
  }

  #refusalOf(wish: RegisterWish, present: readonly Binding[]): RegisterRefusal | undefined {
    // The same number once more is the phone that had no answer from the server before us.
    const repeated = this.#loaded.has(wish.aor) ? 1 : 0;
    const isOld = (binding: Binding) =>
      binding.callId === wish.callId && binding.cseq >= wish.cseq + repeated;
    const touched =
      wish.contacts === '*' ? present : wish.contacts.flatMap((contact) => concerned(present, contact));
    // RFC 3261 §10.3 step 7: a request that was overtaken by a later one must not undo it.
    if (touched.some(isOld)) return { status: 500, reason: 'Overtaken by a Later CSeq' };
    const adds = wish.contacts !== '*' && wish.contacts.some((contact) => contact.expires > 0);
    if (adds && present.length === 0 && this.#bindings.size >= this.#addressesMax) {
      const seconds = randomInteger(this.#limits.random, 1, RETRY_AFTER_MAX_S);
      const headers = [['Retry-After', String(seconds)]] as const;
      return { status: 503, reason: 'Too Many Addresses Registered', headers };
    }
    return undefined;
  }

  #carryOut(
    now: Millis,
    wish: RegisterWish,
    present: readonly Binding[],
    source: Source,
    changes: RegistrarChange[],
  ): readonly Binding[] {
    if (wish.contacts === '*') {
      for (const binding of present)
        changes.push(change('removed', binding, 'the phone removed all its contacts'));
      return NO_BINDINGS;
    }
    let bindings = present;
    for (const contact of wish.contacts) {
      const former = concerned(bindings, contact);
      const others = former.length === 0 ? bindings : bindings.filter((binding) => !former.includes(binding));
      if (contact.expires === 0) {
        for (const binding of former) changes.push(change('removed', binding, 'the phone removed it'));
        bindings = others;
        continue;
      }
      const binding = bind(now, wish, contact, source, former[0]);
      // One binding goes on as the new one; further ones that it covers are gone.
      for (const extra of former.slice(1))
        changes.push(change('removed', extra, 'a newer registration took its place'));
      changes.push(change(former.length > 0 ? 'refreshed' : 'added', binding, ''));
      bindings = [...others, binding];
    }
    return this.#withinLimit(bindings, changes);
  }

  /** New bindings stand at the end of the list, so the one refreshed longest ago is the first. */
  #withinLimit(bindings: readonly Binding[], changes: RegistrarChange[]): readonly Binding[] {
    const excess = bindings.length - this.#contactsMax;
    if (excess <= 0) return bindings;
    for (const binding of bindings.slice(0, excess)) {
      changes.push(
        change('removed', binding, `more than ${this.#contactsMax} contacts: the oldest gives way`),
      );
    }
    return bindings.slice(excess);
  }

  #removeWhere(
    aor: string,
    isGone: (binding: Binding) => boolean,
    because: string,
    changes: RegistrarChange[],
  ): void {
    const present = this.#bindings.get(aor) ?? NO_BINDINGS;
    const gone = present.filter(isGone);
    if (gone.length === 0) return;
    for (const binding of gone) changes.push(change('removed', binding, because));
    this.#keep(
      aor,
      present,
      present.filter((binding) => !isGone(binding)),
    );
  }

  #expireOf(now: Millis, aor: string, changes: RegistrarChange[] = []): RegistrarChange[] {
    const present = this.#bindings.get(aor);
    if (present === undefined || present.every((binding) => binding.expiresAt > now)) return changes;
    for (const binding of present) if (binding.expiresAt <= now) changes.push(change('expired', binding, ''));
    this.#keep(
      aor,
      present,
      present.filter((binding) => binding.expiresAt > now),
    );
    return changes;
  }

  #keep(aor: string, former: readonly Binding[], bindings: readonly Binding[]): void {
    if (bindings.length === 0) {
      this.#bindings.delete(aor);
      this.#loaded.delete(aor);
    } else this.#bindings.set(aor, bindings);
    for (const { target } of former) if (isConnection(target)) this.#dropFlow(target.flow, aor);
    for (const { target } of bindings) {
      if (!isConnection(target)) continue;
      const addresses = this.#byFlow.get(target.flow);
      if (addresses === undefined) this.#byFlow.set(target.flow, new Set([aor]));
      else addresses.add(aor);
    }
    this.#watch(aor);
  }

  #dropFlow(flow: string, aor: string): void {
    const addresses = this.#byFlow.get(flow);
    addresses?.delete(aor);
    if (addresses?.size === 0) this.#byFlow.delete(flow);
  }

  /** A refresh leaves the early deadline as it is; when that comes it is set anew. Saves work in every refresh. */
  #watch(aor: string): void {
    const bindings = this.#bindings.get(aor);
    if (bindings === undefined) return this.#deadlines.clear(aor);
    let earliest = Number.POSITIVE_INFINITY;
    for (const binding of bindings) earliest = Math.min(earliest, binding.expiresAt);
    const watched = this.#deadlines.get(aor);
    if (watched !== undefined && watched <= earliest) return;
    this.#deadlines.clear(aor);
    this.#deadlines.set(aor, earliest);
  }

  #refuse(request: SipRequest, refusal: RegisterRefusal, changes: RegistrarChange[]): RegistrarAnswer {
    const { status, reason, headers } = refusal;
    const parts = {
      toTag: this.#tag(),
      ...(reason !== undefined && { reason }),
      ...(headers !== undefined && { headers }),
    };
    return { response: createResponse(request, status, parts), changes };
  }

  /** No dialog comes of a REGISTER, so its To tag needs only to be there. */
  #tag(): string {
    this.#answers = (this.#answers + 1) % Number.MAX_SAFE_INTEGER;
    return `r${this.#answers.toString(36)}`;
  }
}

function limitsOf({ minExpires, maxExpires, defaultExpires, spread }: RegistrarOptions): ExpiresLimits {
  return {
    min: minExpires ?? 10,
    max: maxExpires ?? 3600,
    standard: defaultExpires ?? 1800,
    spread: spread?.share ?? 0,
    random: spread?.random ?? (() => 0.5),
  };
}

/**
 * The bindings that this contact stands for: those of the same phone and flow, and those with the same URI
 * (RFC 3261 §10.3). Two flows of one phone may share a URI: their reg-ids keep them apart (RFC 5626 §6).
 */
function concerned(bindings: readonly Binding[], wish: ContactWish): readonly Binding[] {
  if (bindings.length === 0) return bindings;
  return bindings.filter((binding) => {
    if (sameRegistration(binding, wish)) return true;
    if (binding.regId !== undefined && wish.regId !== undefined) return false;
    return binding.contact === wish.contact || sameUri(binding.contact, wish.contact);
  });
}

/**
 * A refresh says the same again. Then the words of the former binding stay and those of the new message are let go:
 * each of them would keep the whole text of the message that it stood in.
 */
function bind(
  now: Millis,
  wish: RegisterWish,
  contact: ContactWish,
  source: Source,
  former: Binding | undefined,
): Binding {
  const times = { cseq: wish.cseq, refreshedAt: now, expiresAt: now + contact.expires * 1000 };
  if (former !== undefined && saysTheSame(former, wish, contact, source)) return { ...former, ...times };
  return {
    aor: wish.aor,
    domain: wish.domain,
    contact: contact.contact,
    target: contact.target,
    flow: source.flow,
    ...(contact.instance !== undefined && { instance: contact.instance }),
    ...(contact.regId !== undefined && { regId: contact.regId }),
    q: contact.q,
    callId: wish.callId,
    registeredAt: former?.registeredAt ?? now,
    params: contact.params,
    ...times,
  };
}

function saysTheSame(former: Binding, wish: RegisterWish, contact: ContactWish, source: Source): boolean {
  const [from, to] = [former.target, contact.target];
  return (
    former.contact === contact.contact &&
    former.domain === wish.domain &&
    former.callId === wish.callId &&
    former.params === contact.params &&
    former.q === contact.q &&
    former.instance === contact.instance &&
    former.regId === contact.regId &&
    former.flow === source.flow &&
    from.transport === to.transport &&
    from.host === to.host &&
    from.port === to.port &&
    from.flow === to.flow
  );
}

function isConnection(target: Binding['target']): target is Binding['target'] & { readonly flow: string } {
  return target.flow !== undefined && isReliable(target.transport);
}

function change(kind: RegistrarChange['kind'], binding: Binding, because: string): RegistrarChange {
  const { aor, contact, flow } = binding;
  return { kind, aor, contact, flow, binding, because };
}

/** Whole ms first: sums of clock readings are off by a billionth, and a whole second more would be promised for it. */
function secondsLeft(ms: Millis): number {
  return Math.max(1, Math.ceil(Math.round(ms) / 1000));
}
