/**
 * Phones at this SIP Server: who may register (digest, PH4), where they are, and the fact that follows for the
 * contact centre: the phone of a DN is in service while at least one contact is registered.
 */
import type { CentreInput } from '@holdfast/centre';
import type { Millis } from '@holdfast/kernel';
import {
  Challenger,
  createResponse,
  type DigestAlgorithm,
  type DigestVerdict,
  fromOf,
  type Hashes,
  parseUri,
  Registrar,
  type RegistrarChange,
  type SipRequest,
  type SipResponse,
  type Source,
  type Target,
  toOf,
} from '@holdfast/sip';
import type { Refusal } from './call-admission.ts';
import type { Contact } from './call-control.ts';
import type { SipDN, SipServerConfiguration } from './configuration.ts';

export interface RegistrationsOptions {
  readonly hashes: Hashes;
  /** Names this process in nonces (see `ChallengerOptions`). */
  readonly maker: string;
  wall(now: Millis): Millis;
  tell(input: CentreInput): void;
  /** The phone of this DN has registered; its requests go there. */
  reached(dn: string, target: Target): void;
}

export class Registrations {
  readonly #options: RegistrationsOptions;
  #challenger: Challenger | undefined;
  #registrar: Registrar | undefined;
  #dns = new Map<string, SipDN>();
  #algorithms: readonly DigestAlgorithm[] = [];
  readonly #inService = new Set<string>();

  constructor(options: RegistrationsOptions) {
    this.#options = options;
  }

  configure(configuration: SipServerConfiguration): void {
    const former = this.#dns;
    this.#dns = new Map(configuration.dns.map((dn) => [dn.number, dn]));
    // A DN that comes back (removed by mistake, say) starts out of service, and its phone may have stayed [C57].
    for (const { number, type } of configuration.dns) {
      if (former.get(number)?.type !== type && this.#inService.has(number))
        this.#options.tell({ type: 'phone', dn: number, inService: true });
    }
    this.#algorithms = configuration.digestAlgorithms;
    this.#challenger?.setKeys(configuration.nonceKeys);
    // What is registered stays registered when the configuration changes (field case C57).
    this.#challenger ??= new Challenger({
      realm: configuration.realm,
      hashes: this.#options.hashes,
      keys: configuration.nonceKeys,
      maker: this.#options.maker,
      credentials: (user) => this.#dns.get(user)?.credentials,
    });
    this.#registrar ??= new Registrar({
      minExpires: configuration.registrar.minExpiresS,
      maxExpires: configuration.registrar.maxExpiresS,
      defaultExpires: configuration.registrar.defaultExpiresS,
    });
  }

  isInService(dn: string): boolean {
    return this.#inService.has(dn);
  }

  get size(): number {
    return this.#inService.size;
  }

  /** The answer to a REGISTER. */
  register(now: Millis, request: SipRequest, source: Source): SipResponse {
    const { challenger, registrar } = this.#ready();
    if (challenger === undefined || registrar === undefined) return createResponse(request, 503);
    const aor = parseUri(toOf(request)?.uri ?? '')?.user;
    const verdict = challenger.check(this.#options.wall(now), request, this.#algorithmsFor(aor));
    if (verdict.name !== 'authentic')
      return createResponse(request, verdict.status, { headers: headersOf(verdict) });
    if (aor !== verdict.user) return createResponse(request, 403);
    if (this.#dns.get(aor)?.type !== 'Extension') return createResponse(request, 404);
    const { response, changes } = registrar.handle(now, request, source);
    this.#note(registrar, changes);
    return response;
  }

  /** Whether a request from an extension proves who sends it. */
  authenticate(now: Millis, request: SipRequest): { readonly dn: string } | { readonly refuse: Refusal } {
    if (this.#challenger === undefined) return { refuse: { status: 503, headers: [] } };
    const from = parseUri(fromOf(request)?.uri ?? '')?.user;
    const verdict = this.#challenger.check(this.#options.wall(now), request, this.#algorithmsFor(from));
    if (verdict.name !== 'authentic')
      return { refuse: { status: verdict.status, headers: headersOf(verdict) } };
    if (from !== verdict.user) return { refuse: { status: 403, headers: [] } };
    return { dn: verdict.user };
  }

  /** Of whom the request claims to be: a phone that knows only MD5 may give up at the sight of anything else. */
  #algorithmsFor(claimed: string | undefined): readonly DigestAlgorithm[] {
    return this.#dns.get(claimed ?? '')?.digestAlgorithms ?? this.#algorithms;
  }

  contactsOf(dn: string): Contact[] {
    return (this.#registrar?.bindings(dn) ?? []).map(({ contact, target }) => ({ uri: contact, target }));
  }

  /** A connection over which phones had registered is gone: nobody is reached over it any more. */
  flowFailed(now: Millis, flow: string): void {
    const registrar = this.#registrar;
    if (registrar !== undefined) this.#note(registrar, registrar.flowFailed(now, flow));
  }

  /** Nobody answers there: it must not stand until it expires [D16, D17]. */
  contactFailed(now: Millis, dn: string, contact: string): void {
    const registrar = this.#registrar;
    if (registrar !== undefined) this.#note(registrar, registrar.contactFailed(now, dn, contact));
  }

  nextDeadline(): Millis | undefined {
    return this.#registrar?.nextDeadline();
  }

  expire(now: Millis): void {
    const registrar = this.#registrar;
    if (registrar !== undefined) this.#note(registrar, registrar.expire(now));
  }

  #ready(): { challenger: Challenger | undefined; registrar: Registrar | undefined } {
    return { challenger: this.#challenger, registrar: this.#registrar };
  }

  #note(registrar: Registrar, changes: readonly RegistrarChange[]): void {
    for (const { aor, kind, binding } of changes) {
      if (kind === 'added' || kind === 'refreshed') this.#options.reached(aor, binding.target);
      const inService = registrar.bindings(aor).length > 0;
      if (inService === this.#inService.has(aor)) continue;
      if (inService) this.#inService.add(aor);
      else this.#inService.delete(aor);
      this.#options.tell({ type: 'phone', dn: aor, inService });
    }
  }
}

function headersOf(
  verdict: Exclude<DigestVerdict, { name: 'authentic' }>,
): readonly (readonly [string, string])[] {
  return verdict.name === 'challenge' ? verdict.headers : [['Warning', `399 holdfast "${verdict.reason}"`]];
}
