/**
 * Phones at this SIP Server: who may register (digest, PH4), where they are, and the fact that follows for the
 * contact centre: the phone of a DN is in service while at least one contact is registered.
 *
 * A request that proves nothing is refused before it has a transaction (`screen`), so that strangers cost no memory.
 * One that proves who sent it is remembered until the next: its nonce count is used up, and cannot be checked twice.
 */
import type { CentreInput } from '@holdfast/centre';
import {
  fromRecord,
  type HeldRecord,
  type LogLine,
  type Millis,
  must,
  type Plain,
  type Random,
  randomInteger,
  toRecord,
  unreachable,
} from '@holdfast/kernel';
import {
  type Binding,
  Challenger,
  contactsOf,
  createResponse,
  type DigestAlgorithm,
  type DigestSecrets,
  type DigestVerdict,
  expiresOf,
  fromOf,
  type Hashes,
  type NameAddr,
  parseUri,
  type RegisteredContact,
  Registrar,
  type RegistrarChange,
  type SipRequest,
  type SipResponse,
  type Source,
  type Target,
  toOf,
} from '@holdfast/sip';
import type { Refusal } from './call-admission.ts';
import type { SipDN, SipServerConfiguration } from './configuration.ts';
import type { Contact } from './gateway-contact.ts';
import { PhoneAddresses } from './phone-addresses.ts';

/**
 * The longest wait that is asked of a phone that was let go: so it comes back soon after a shutdown that was taken back.
 * Half of it at random, so that they do not come together.
 */
export const LET_GO_RETRY_MAX_S = 10;

/**
 * Who a SIP Server is to itself when it tries whether it does its work (GF1): no DN, so that no agent, queue or client ever
 * meets it, and with a password that only this process knows.
 */
export const PROBE_USER = 'holdfast-probe';

export interface RegistrationsOptions {
  /** The password of PROBE_USER, where there is one. */
  readonly probeCredentials?: DigestSecrets | undefined;
  readonly hashes: Hashes;
  readonly random: Random;
  /** Names this process in nonces (see `ChallengerOptions`). */
  readonly maker: string;
  wall(now: Millis): Millis;
  tell(input: CentreInput): void;
  /** PQ5: a graceful shutdown goes on, and nothing holds the phone of this DN here any more. */
  isLetGo(dn: string): boolean;
  /** The phone of this DN has registered; its requests go there. */
  reached(dn: string, target: Target): void;
  /** Somebody was refused who should have known better, or means ill. */
  refused(line: LogLine, sender: string): void;
}

export interface PhoneContact extends Contact {
  /** Under which the phone has registered (`domainOf`): what it calls the place where we are. */
  readonly domain: string;
  readonly registered: RegisteredContact;
}

type Proof = { readonly dn: string } | { readonly refuse: Refusal };

export class Registrations {
  readonly #options: RegistrationsOptions;
  #challenger: Challenger | undefined;
  #registrar: Registrar | undefined;
  #dns = new Map<string, SipDN>();
  #algorithms: readonly DigestAlgorithm[] = [];
  readonly #inService = new Set<string>();
  readonly #addresses = new PhoneAddresses();
  /** DNs whose bindings are not as they were when the changes were last taken. */
  readonly #changed = new Set<string>();
  #proven: { readonly request: SipRequest; readonly dn: string } | undefined;

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
      credentials: (user) =>
        user === PROBE_USER ? this.#options.probeCredentials : this.#dns.get(user)?.credentials,
    });
    const { minExpiresS, maxExpiresS, defaultExpiresS, spread } = configuration.registrar;
    this.#registrar ??= new Registrar();
    this.#registrar.setLimits({
      ...{ minExpires: minExpiresS, maxExpires: maxExpiresS, defaultExpires: defaultExpiresS },
      spread: { share: spread, random: this.#options.random },
    });
  }

  isInService(dn: string): boolean {
    return this.#inService.has(dn);
  }

  get size(): number {
    return this.#inService.size;
  }

  /** The refusal of a REGISTER that does not prove who sent it. */
  screen(now: Millis, request: SipRequest, source: Source): Refusal | undefined {
    const proof = this.#prove(now, request, source, numberIn(toOf(request)));
    return 'refuse' in proof ? proof.refuse : undefined;
  }

  /** The answer to a REGISTER that does. */
  register(now: Millis, request: SipRequest, source: Source): SipResponse {
    const aor = numberIn(toOf(request));
    const proof = this.#prove(now, request, source, aor);
    if ('refuse' in proof) return createResponse(request, proof.refuse.status, proof.refuse);
    const registrar = must(this.#registrar, 'nobody is authentic before there is a configuration');
    const refuse = (status: number, because: string) => {
      this.#refused(request, source, aor, { status, because });
      return createResponse(request, status);
    };
    if (aor !== proof.dn) return refuse(403, `it proves to be ${proof.dn}`);
    const isProbe = aor === PROBE_USER;
    if (!isProbe && this.#dns.get(aor)?.type !== 'Extension')
      return refuse(404, 'it is no Extension of this site');
    if (this.#options.isLetGo(aor) && asksToStay(request)) {
      this.#note(registrar, registrar.release(now, aor));
      const seconds = randomInteger(this.#options.random, LET_GO_RETRY_MAX_S / 2, LET_GO_RETRY_MAX_S);
      return createResponse(request, 503, { headers: [['Retry-After', String(seconds)]] });
    }
    // A probe takes back a contact that is not there: nothing of it may stay.
    if (isProbe && asksToStay(request)) return refuse(403, 'a probe never stays');
    const { response, changes } = registrar.handle(now, request, source);
    this.#note(registrar, changes, source);
    const { status, reason } = response;
    if (status >= 300) this.#refused(request, source, aor, { status, because: reason });
    return response;
  }

  /** Whether a request from an extension proves who sends it. */
  authenticate(now: Millis, request: SipRequest, source: Source): Proof {
    const from = numberIn(fromOf(request));
    const proof = this.#prove(now, request, source, from);
    if ('refuse' in proof || from === proof.dn) return proof;
    this.#refused(request, source, from, { status: 403, because: `it proves to be ${proof.dn}` });
    return { refuse: { status: 403, headers: [] } };
  }

  #prove(now: Millis, request: SipRequest, source: Source, claimed: string | undefined): Proof {
    if (this.#proven?.request === request) return this.#proven;
    if (this.#challenger === undefined) return { refuse: { status: 503, headers: [] } };
    const verdict = this.#challenger.check(this.#options.wall(now), request, this.#algorithmsFor(claimed));
    if (verdict.name === 'authentic') {
      this.#proven = { request, dn: verdict.user };
      return this.#proven;
    }
    const { status } = verdict;
    const because = this.#whyRefused(verdict);
    if (because !== undefined) this.#refused(request, source, claimed, { status, because });
    return { refuse: { status, headers: headersOf(verdict) } };
  }

  /** For the log alone: the sender of a wrong answer does not learn whether the user or the password is wrong. */
  #whyRefused(verdict: Exclude<DigestVerdict, { name: 'authentic' }>): string | undefined {
    if (verdict.name === 'malformed') return verdict.reason;
    switch (verdict.because) {
      case 'wrong-answer':
        return this.#dns.get(verdict.user ?? '')?.credentials === undefined
          ? 'no DN of this site with a password has this user name'
          : 'wrong password';
      case 'forged-nonce':
        return 'the nonce is not one of ours';
      // Every conversation of a phone begins so, and goes on so when its nonce has become old.
      case 'no-credentials':
      case 'stale-nonce':
      case 'repeated-count':
        return undefined;
      default:
        return unreachable(verdict.because);
    }
  }

  #refused(
    request: SipRequest,
    source: Source,
    claimed: string | undefined,
    { status, because }: { readonly status: number; readonly because: string },
  ): void {
    const { transport, host, port } = source;
    const what = request.method === 'REGISTER' ? 'registration refused' : 'call refused';
    const dn = claimed === undefined ? {} : { dn: claimed.slice(0, LOGGED_NUMBER_MAX) };
    const detail = { status, transport, remote: `${host}:${port}` };
    const told = because.slice(0, LOGGED_REASON_MAX);
    this.#options.refused({ level: 'warn', what, because: told, ...dn, detail }, host);
  }

  /** Of whom the request claims to be: a phone that knows only MD5 may give up at the sight of anything else. */
  #algorithmsFor(claimed: string | undefined): readonly DigestAlgorithm[] {
    return this.#dns.get(claimed ?? '')?.digestAlgorithms ?? this.#algorithms;
  }

  /** GF4: a phone that is registered speaks from there. */
  isPhone(source: Source): boolean {
    return this.#addresses.has(source);
  }

  contactsOf(dn: string): PhoneContact[] {
    return (this.#registrar?.bindings(dn) ?? []).map(({ contact, callId, cseq, domain, target }) => ({
      domain,
      registered: { contact, callId, cseq },
      uri: contact,
      destination: { type: 'target', target },
      transport: target.transport,
    }));
  }

  /** A connection over which phones had registered is gone: nobody is reached over it any more. */
  flowFailed(now: Millis, flow: string): void {
    const registrar = this.#registrar;
    if (registrar !== undefined) this.#note(registrar, registrar.flowFailed(now, flow));
  }

  /** Nobody answers there: it must not stand until it expires [D16, D17]. */
  contactFailed(now: Millis, dn: string, contact: RegisteredContact): void {
    const registrar = this.#registrar;
    if (registrar !== undefined) this.#note(registrar, registrar.contactFailed(now, dn, contact));
  }

  /** DNs whose bindings are not as they were when this was last asked. */
  takeChanges(): readonly string[] {
    if (this.#changed.size === 0) return [];
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  /** Every DN with a binding. */
  registered(): Iterable<string> {
    return this.#inService;
  }

  record(dn: string, now: Millis): Plain | undefined {
    const bindings = this.#registrar?.bindings(dn) ?? [];
    return bindings.length === 0 ? undefined : toRecord(bindings, now);
  }

  /** Goes on with what another server held (SS50). The centre has its own record of what is in service. */
  load(dn: string, { value, heldAt }: HeldRecord): void {
    if (!this.#dns.has(dn)) return;
    const bindings = fromRecord<readonly Binding[]>(value, heldAt);
    this.#registrar?.load(dn, bindings);
    this.#locate(dn, bindings);
    this.#inService.add(dn);
  }

  nextDeadline(): Millis | undefined {
    return this.#registrar?.nextDeadline();
  }

  expire(now: Millis): void {
    const registrar = this.#registrar;
    if (registrar !== undefined) this.#note(registrar, registrar.expire(now));
  }

  /** `source`: of the phone that has changed it. */
  #note(registrar: Registrar, changes: readonly RegistrarChange[], source?: Source): void {
    for (const { aor, kind, binding } of changes) {
      this.#changed.add(aor);
      if (kind === 'added' || kind === 'refreshed') this.#options.reached(aor, binding.target);
      const bindings = registrar.bindings(aor);
      this.#locate(aor, bindings, source);
      const inService = bindings.length > 0;
      if (inService === this.#inService.has(aor)) continue;
      if (inService) this.#inService.add(aor);
      else this.#inService.delete(aor);
      this.#options.tell({ type: 'phone', dn: aor, inService });
    }
  }

  /** Also from where it has registered: not every phone speaks from the address at which it listens. */
  #locate(dn: string, bindings: readonly Binding[], source?: Source): void {
    const targets = bindings.map(({ target }) => target);
    this.#addresses.put(dn, targets, source);
  }
}

/** A log line names what a stranger wrote, but not all of it. */
const LOGGED_NUMBER_MAX = 32;
const LOGGED_REASON_MAX = 200;

function numberIn(address: NameAddr | undefined): string | undefined {
  return parseUri(address?.uri ?? '')?.user;
}

/** Whoever takes its contacts back or only asks for them is served as ever. */
function asksToStay(request: SipRequest): boolean {
  const contacts = contactsOf(request) ?? [];
  if (contacts === '*') return false;
  const standard = expiresOf(request);
  return contacts.some(({ params }) => {
    const own = params.get('expires');
    return own === undefined ? standard !== 0 : own !== '0';
  });
}

function headersOf(
  verdict: Exclude<DigestVerdict, { name: 'authentic' }>,
): readonly (readonly [string, string])[] {
  return verdict.name === 'challenge' ? verdict.headers : [['Warning', `399 holdfast "${verdict.reason}"`]];
}
