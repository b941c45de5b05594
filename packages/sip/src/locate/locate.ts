/**
 * Where does a request to this URI go (RFC 3263 §4)? A machine that asks one DNS question at a time and hands out
 * one target at a time: the next one is looked up only when the caller asks for it, because the last one failed.
 *
 *   uri ─► transport given, address or port? ──────────────► candidates
 *            │ no                                                ▲
 *            └─► NAPTR ─► (transport, SRV name)* ─► SRV ─► ordered by priority and weight
 *                  └─ none: SRV for each transport we speak ─┘   │ none at all: the name itself
 *
 *   candidate ─► A, then AAAA ─► targets
 *
 * The answers live in the state, so that one transaction asks each question once, whatever its TTL (C24).
 */
import { type Millis, type Random, type Transition, unreachable } from '@holdfast/kernel';
import type { SipUri } from '../message/message.ts';
import type { Target, TransportName } from '../target.ts';
import { isAddressLiteral, withoutBrackets } from './address-literal.ts';
import { domainName, type LookupAnswer, type NaptrRecord, type Question } from './lookup.ts';
import { orderSrv } from './srv-order.ts';

/** A host whose addresses are not known yet, or are its own name. */
interface Candidate {
  readonly transport: TransportName;
  readonly host: string;
  readonly port: number;
}

/** One SRV name to ask, and the transport that its answer stands for. */
interface Service {
  readonly transport: TransportName;
  readonly name: string;
}

export interface LocateState {
  /** The question that is out, if any. */
  readonly asking: Question | null;
  /** True until NAPTR has been asked, where the URI leaves the transport open. */
  readonly isTransportOpen: boolean;
  /** What is tried when no SRV record exists anywhere. */
  readonly fallback: Candidate;
  /** SRV names that have not been asked yet, in order of preference. */
  readonly services: readonly Service[];
  /** True once an SRV set was found: then the fallback is not used (§4.2). */
  readonly found: boolean;
  readonly candidates: readonly Candidate[];
  /** Record types still to be asked for the first candidate. */
  readonly families: readonly ('A' | 'AAAA')[];
  /** Targets ready to be handed out. */
  readonly ready: readonly Target[];
  /** How many targets have been handed out. */
  readonly given: number;
}

export type LocateEvent =
  /** Hand out the next target. */
  { readonly type: 'next' } | { readonly type: 'lookedUp'; readonly answer: LookupAnswer };

export type LocateEffect =
  | { readonly type: 'ask'; readonly question: Question }
  | { readonly type: 'target'; readonly target: Target }
  /** No further target exists. */
  | { readonly type: 'exhausted' };

export interface LocateOptions {
  /** Transports that this endpoint can send on, best first. */
  readonly transports: readonly TransportName[];
  /** Record types to ask for addresses, in this order; the second only when the first gave nothing that works. */
  readonly families: readonly ('A' | 'AAAA')[];
  readonly random: Random;
}

/** One request tries no more targets than this, however long an answer is. */
export const TARGETS_MAX = 16;

type Result = Transition<LocateState, LocateEffect>;

const NAPTR_SERVICES: ReadonlyMap<string, TransportName> = new Map<string, TransportName>([
  ['SIP+D2U', 'UDP'],
  ['SIP+D2T', 'TCP'],
  ['SIPS+D2T', 'TLS'],
  ['SIP+D2W', 'WS'],
  ['SIPS+D2W', 'WSS'],
]);

/** RFC 3263 §4.1 and, for WebSocket, RFC 7118 §5.4. */
const SRV_PREFIX: Readonly<Record<TransportName, string>> = {
  UDP: '_sip._udp.',
  TCP: '_sip._tcp.',
  TLS: '_sips._tcp.',
  WS: '_sip._ws.',
  WSS: '_sips._ws.',
};

const NO_TARGET: LocateState = {
  asking: null,
  isTransportOpen: false,
  fallback: { transport: 'UDP', host: '', port: 0 },
  services: [],
  found: true,
  candidates: [],
  families: [],
  ready: [],
  given: 0,
};

/** What can be told without a look-up. `transport` overrides the URI's own. The first `next` starts the search. */
export function startLocate(uri: SipUri, options: LocateOptions, transport?: TransportName): LocateState {
  if (uri.scheme !== 'sip' && uri.scheme !== 'sips') return NO_TARGET;
  const secure = uri.scheme === 'sips';
  const host = withoutBrackets(uri.params.get('maddr') ?? uri.host);
  const named = transport ?? transportOf(uri, secure);
  if (named === null || (secure && named !== undefined && !isSecure(named))) return NO_TARGET;
  const isLiteral = isAddressLiteral(host);
  const chosen = named ?? (secure ? 'TLS' : 'UDP');
  const fallback: Candidate = {
    transport: chosen,
    host: isLiteral ? host : domainName(host),
    port: uri.port ?? defaultPort(chosen),
  };
  const base: LocateState = { ...NO_TARGET, fallback, families: options.families };
  if (isLiteral) return { ...base, ready: [fallback] };
  if (uri.port !== undefined) return { ...base, candidates: [fallback] };
  const services = (named === undefined ? options.transports : [named])
    .filter((each) => !secure || isSecure(each))
    .map((each) => ({ transport: each, name: SRV_PREFIX[each] + fallback.host }));
  return { ...base, found: false, services, isTransportOpen: named === undefined };
}

export function stepLocate(
  state: LocateState,
  event: LocateEvent,
  _now: Millis,
  options: LocateOptions,
): Result {
  switch (event.type) {
    case 'next':
      return state.asking === null ? proceed(state, options) : { state, effects: [] };
    case 'lookedUp': {
      if (state.asking === null) return { state, effects: [] };
      return { state: learn({ ...state, asking: null }, state.asking, event.answer, options), effects: [] };
    }
    default:
      return unreachable(event);
  }
}

/** Hands out a target, or asks what is needed for one. */
function proceed(state: LocateState, options: LocateOptions): Result {
  if (state.given >= TARGETS_MAX) return { state, effects: [{ type: 'exhausted' }] };
  const [target, ...ready] = state.ready;
  if (target !== undefined) {
    return { state: { ...state, ready, given: state.given + 1 }, effects: [{ type: 'target', target }] };
  }
  const [candidate, ...candidates] = state.candidates;
  if (candidate !== undefined) {
    if (isAddressLiteral(candidate.host))
      return proceed({ ...state, candidates, ready: [candidate] }, options);
    const [record] = state.families;
    if (record !== undefined) return ask(state, { record, name: candidate.host });
    return proceed({ ...state, candidates, families: options.families }, options);
  }
  if (state.isTransportOpen) return ask(state, { record: 'NAPTR', name: state.fallback.host });
  const [service] = state.services;
  if (service !== undefined) return ask(state, { record: 'SRV', name: service.name });
  if (!state.found) {
    const again = { ...state, found: true, candidates: [state.fallback], families: options.families };
    return proceed(again, options);
  }
  return { state, effects: [{ type: 'exhausted' }] };
}

function ask(state: LocateState, question: Question): Result {
  return { state: { ...state, asking: question }, effects: [{ type: 'ask', question }] };
}

function learn(
  state: LocateState,
  asked: Question,
  answer: LookupAnswer,
  options: LocateOptions,
): LocateState {
  switch (asked.record) {
    case 'NAPTR': {
      const known = { ...state, isTransportOpen: false };
      return answer.type === 'NAPTR' ? learnServices(known, answer.records, options) : known;
    }
    case 'SRV':
      return learnCandidates(state, answer, options);
    case 'A':
    case 'AAAA': {
      const families = state.families.slice(1);
      const [candidate] = state.candidates;
      if (answer.type !== asked.record || candidate === undefined) return { ...state, families };
      const ready = answer.addresses.slice(0, TARGETS_MAX).map((host) => ({ ...candidate, host }));
      return { ...state, families, ready };
    }
    default:
      return unreachable(asked.record);
  }
}

/** A NAPTR set that names nothing we speak is as good as none (§4.1). */
function learnServices(
  state: LocateState,
  records: readonly NaptrRecord[],
  options: LocateOptions,
): LocateState {
  const possible = new Set(state.services.map((service) => service.transport));
  const services: Service[] = [];
  for (const record of [...records].sort((a, b) => a.order - b.order || a.preference - b.preference)) {
    const transport = NAPTR_SERVICES.get(record.service.toUpperCase());
    if (transport === undefined || record.flags.toLowerCase() !== 's' || !possible.has(transport)) continue;
    if (!options.transports.includes(transport) || services.length >= TARGETS_MAX) continue;
    services.push({ transport, name: domainName(record.replacement) });
  }
  return services.length === 0 ? state : { ...state, services };
}

function learnCandidates(state: LocateState, answer: LookupAnswer, options: LocateOptions): LocateState {
  const [service, ...services] = state.services;
  if (service === undefined || answer.type !== 'SRV' || answer.records.length === 0)
    return { ...state, services };
  const candidates = orderSrv(answer.records.slice(0, TARGETS_MAX), options.random)
    .filter((record) => record.target !== '.' && record.target !== '')
    .map((record) => ({ transport: service.transport, host: domainName(record.target), port: record.port }));
  return { ...state, services, found: true, candidates, families: options.families };
}

/** undefined: the URI says nothing; null: it names a transport that does not exist. */
function transportOf(uri: SipUri, secure: boolean): TransportName | null | undefined {
  switch (uri.params.get('transport')?.toLowerCase()) {
    case undefined:
      return undefined;
    case 'udp':
      return secure ? null : 'UDP';
    case 'tcp':
      return secure ? 'TLS' : 'TCP';
    case 'tls':
      return 'TLS';
    case 'ws':
      return secure ? 'WSS' : 'WS';
    case 'wss':
      return 'WSS';
    default:
      return null;
  }
}

function isSecure(transport: TransportName): boolean {
  return transport === 'TLS' || transport === 'WSS';
}

/** RFC 3261 §19.1.2; RFC 7118 §8. */
export function defaultPort(transport: TransportName): number {
  switch (transport) {
    case 'UDP':
    case 'TCP':
      return 5060;
    case 'TLS':
      return 5061;
    case 'WS':
      return 80;
    case 'WSS':
      return 443;
    default:
      return unreachable(transport);
  }
}
