/**
 * A conversation with a centre, as text: what it is told stands behind `>`, what it answers below. A test writes
 * the conversation that it expects; `replay` holds it with a real centre and returns what was really said, so that
 * a failing test shows both side by side.
 *
 *   > call k1 +4930 6000          a caller from outside (+) dials 6000
 *   6000 Queued k1                EventQueued on DN 6000
 *   treat k1 music
 *
 * After every line the invariants are checked; a broken one stands in the answer as BROKEN. Log lines are left out.
 */
import type { Millis } from '@holdfast/kernel';
import type { Reasons, WorkMode } from '@holdfast/protocol';
import { Centre } from './centre.ts';
import type {
  CentreConfiguration,
  CentreEffect,
  CentreInput,
  DNConfiguration,
  Request,
} from './centre-types.ts';
import { checkCentre } from './check-centre.ts';

export function replay(script: string, configuration: CentreConfiguration = SITE): string {
  const talk = new Conversation();
  talk.tell({ type: 'configured', configuration });
  const lines: string[] = [];
  for (const line of tidy(script).split('\n')) {
    if (!line.startsWith('>')) continue;
    lines.push(line, ...talk.say(line.slice(1).trim()));
  }
  return lines.join('\n');
}

/** What is said to the script after `before`, whose lines are all told (without `>`) and whose answers are left out. */
export function replayAfter(
  before: string,
  script: string,
  configuration: CentreConfiguration = SITE,
): string {
  const told = tidy(before).replaceAll(/^/gm, '> ');
  const all = replay(`${told}\n${script}`, configuration);
  return all.slice(replay(told, configuration).length).trimStart();
}

/** The script without indentation, empty lines and remarks (`#` at the start of a line). */
export function tidy(script: string): string {
  const lines = script.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('# ')).join('\n');
}

/** One centre, a clock that stands still unless told, and requests numbered from 1. */
export class Conversation {
  readonly centre = new Centre();
  now: Millis = 0;
  #requests = 0;
  readonly #epochs = new Map<string, number>();

  tell(input: CentreInput): string[] {
    return this.#answer(this.centre.handle(this.now, input));
  }

  say(line: string): string[] {
    const [verb = '', ...words] = line.split(/\s+/);
    const named = Object.fromEntries(
      words.filter((word) => word.includes('=')).map((word) => word.split('=', 2)),
    );
    const plain = words.filter((word) => !word.includes('='));
    if (verb === 'wait') return this.#wait(Number(plain[0]));
    return this.tell(this.#inputOf(verb, plain, named as Named));
  }

  #wait(ms: number): string[] {
    const until = this.now + ms;
    const lines: string[] = [];
    for (
      let due = this.centre.nextDeadline();
      due !== undefined && due <= until;
      due = this.centre.nextDeadline()
    ) {
      this.now = Math.max(this.now, due);
      lines.push(...this.#answer(this.centre.expire(this.now)));
    }
    this.now = until;
    return lines;
  }

  #inputOf(verb: string, plain: string[], named: Named): CentreInput {
    const [first = '', second = '', third] = plain;
    const call = { connId: first, dn: second };
    switch (verb) {
      case 'phone':
        return { type: 'phone', dn: first, inService: second === 'up' };
      case 'routable': {
        // Several at once, as their leases end: `routable 1001,1002 no`.
        const changes = first.split(',').map((dn) => ({ dn, routable: second === 'yes' }));
        return { type: 'routable', changes };
      }
      case 'login':
        return this.#login(first, second, named);
      case 'logout':
        return this.#logout(first, named);
      case 'elsewhere': {
        // The person works at the other site under this epoch: `elsewhere ann epoch=5`.
        const epoch = { number: Number(named.epoch), desk: named.desk ?? `desk-${first}` };
        return { type: 'endLogin', person: first, epoch, ...this.#request(named) };
      }
      case 'shutdown':
        return shutdown(first === 'on', named, this.#request(named));
      case 'ready':
      case 'notready':
        return {
          type: verb === 'ready' ? 'ready' : 'notReady',
          dn: first,
          ...standing(named),
          ...this.#request(named),
        };
      case 'call': {
        const from = second.startsWith('+') ? { ani: second, trunk: 'trunk' } : { dn: second };
        const { trunk, emergency, reservation, of, consult, ...userData } = named;
        const to = third ?? '';
        const isEmergency = emergency === 'yes';
        const consultOf = consult === undefined ? {} : { consultOf: consult };
        const call = { connId: first, from, to, userData, isEmergency, ...consultOf };
        const started = { type: 'callStarted', ...call } as const;
        // For the agent who was reserved for a caller of the other site: `call k1 +1 6000 reservation=1 of=x1`.
        if (reservation !== undefined)
          return { ...started, reservation: { connId: of ?? '', number: Number(reservation) } };
        return trunk === undefined ? started : { ...started, trunk };
      }
      case 'ringing':
        return { type: 'partyRinging', ...call };
      case 'answer':
        return { type: 'partyAnswered', ...call };
      case 'fail':
        return { type: 'partyFailed', ...call, why: (third ?? 'rejected') as 'rejected' };
      case 'redirect': {
        const { emergency, ...over } = named;
        return { ...{ type: 'partyRedirected', ...call, to: third ?? '' }, ...over, ...urgent(emergency) };
      }
      case 'gone':
        return second === ''
          ? { type: 'partyGone', connId: first, why: 'normal' }
          : { type: 'partyGone', ...call, why: 'normal' };
      case 'hold':
      case 'retrieve':
        return { type: 'partyHeld', ...call, held: verb === 'hold' };
      case 'attach':
        return { type: 'attachUserData', ...call, userData: named, ...this.#request({}) };
      case 'delete':
        return {
          type: 'deleteUserData',
          ...call,
          ...(third === undefined ? {} : { keys: plain.slice(2) }),
          ...this.#request({}),
        };
      case 'transfer':
      case 'join':
        return this.#transfer(verb, plain, named);
      case 'release':
        return { type: 'releaseCall', ...call, ...this.#request({}) };
      default:
        return pooled(verb, plain, named);
    }
  }

  /**
   * `transfer k1 1001 1002`, over the trunk: `transfer k1 1001 0301 trunk=trunk`; the calls of 1001 become one: `join k1 k2 1001`.
   * Without a client: `client=none`.
   */
  #transfer(
    verb: 'transfer' | 'join',
    [connId = '', second = '', third = '']: string[],
    named: Named,
  ): CentreInput {
    const { trunk, client, emergency, ...userData } = named;
    const request = this.#request(client === undefined ? {} : { client });
    if (verb === 'join') return { type: 'completeTransfer', connId, consult: second, dn: third, ...request };
    const over = trunk === undefined ? {} : { trunk };
    const transfer = { type: 'transfer', connId, dn: second, to: third, userData } as const;
    return { ...transfer, ...over, ...urgent(emergency), ...request };
  }

  /** `login 1001 ann queues=6000,6001 epoch=2 mode=AutoIn`; without an epoch, one above the last of this agent. */
  #login(dn: string, agent: string, named: Named): CentreInput {
    const epoch = named.epoch === undefined ? (this.#epochs.get(agent) ?? 0) + 1 : Number(named.epoch);
    this.#epochs.set(agent, Math.max(epoch, this.#epochs.get(agent) ?? 0));
    const queues = named.queues?.split(',') ?? ['6000'];
    const { workMode, reasons } = standing(named);
    const login = {
      type: 'login',
      dn,
      agentId: named.id ?? `id-${agent}`,
      person: agent,
      place: `place-${dn}`,
      queues,
      epoch: { number: epoch, desk: named.desk ?? `desk-${agent}` },
      tokenIssuedWall: 0,
      ...(workMode === undefined ? {} : { workMode }),
      ...(reasons === undefined ? {} : { reasons }),
    } as const;
    return { ...login, ...this.#request(named) };
  }

  #logout(dn: string, named: Named): CentreInput {
    const by = (named.by ?? 'agent') as 'agent' | 'supervisor' | 'server';
    const epoch =
      named.epoch === undefined
        ? {}
        : { epoch: { number: Number(named.epoch), desk: `desk-${named.person}` } };
    const reason = named.reason === undefined ? {} : { reason: named.reason };
    return { type: 'logout', dn, by, ...epoch, ...reason, ...this.#request(named) };
  }

  #request(named: Named): { client?: string; referenceId?: number } {
    if (named.client === 'none') return {};
    this.#requests += 1;
    return { client: 'desk', referenceId: this.#requests };
  }

  #answer(effects: readonly CentreEffect[]): string[] {
    const lines = effects.flatMap((effect) => written(effect) ?? []);
    return [...lines, ...checkCentre(this.centre).map((broken) => `BROKEN ${broken}`)];
  }
}

type Named = Readonly<Record<string, string>>;

/** `emergency=yes`: to an emergency number. */
function urgent(emergency: string | undefined): { readonly isEmergency: boolean } {
  return { isEmergency: emergency === 'yes' };
}

/**
 * What is heard of the other site, over the link between the two (PQ1): `link up`, `link silent`, `link lost`;
 * `granted k1 6000 7 2001`, `refused 6000`; `there 6000 x1:0:5000` (caller, priority, waited), `taken x1 1`, `declined x1 1`,
 * `there-lost`.
 */
function pooled(verb: string, [first = '', second = '', third, fourth]: string[], named: Named): CentreInput {
  const reserved = { connId: first, reservation: Number(second) };
  switch (verb) {
    case 'link':
      return { type: 'poolLink', trunk: first === 'up' ? 'trunk' : undefined, isLost: first === 'lost' };
    case 'granted':
      return {
        ...{ type: 'poolGranted', connId: first, queue: second },
        ...{ reservation: Number(third), dn: fourth ?? '' },
      };
    case 'refused':
      return { type: 'poolRefused', queue: first, because: 'not pooled there' };
    case 'taken':
      return { type: 'poolTaken', ...reserved, userData: named };
    case 'declined':
      return { type: 'poolDeclined', ...reserved, because: 'gone' };
    case 'there-lost':
      return { type: 'elsewhereLost' };
    case 'there': {
      const callers = [second, third, fourth].flatMap((word) => {
        const [connId, priority, waitedMs] = word?.split(':') ?? [];
        const isNamed = connId !== undefined && connId !== '';
        return isNamed ? [{ connId, priority: Number(priority), waitedMs: Number(waitedMs) }] : [];
      });
      return { type: 'waitElsewhere', queue: first, callers };
    }
    default:
      throw new Error(`the conversation has no word ${verb}`);
  }
}

function standing(named: Named): { workMode?: WorkMode; reasons?: Reasons } {
  return {
    ...(named.mode === undefined ? {} : { workMode: named.mode as WorkMode }),
    ...(named.reason === undefined ? {} : { reasons: { ReasonCode: named.reason } }),
  };
}

function written(effect: CentreEffect): string | undefined {
  switch (effect.type) {
    case 'event':
      return writtenEvent(effect);
    case 'ring':
      return `ring ${effect.connId} ${effect.dn}${effect.trunk === undefined ? '' : ` over ${effect.trunk}`}`;
    case 'withdraw':
      return `withdraw ${effect.connId} ${effect.dn} ${effect.why}`;
    case 'treat':
      return `treat ${effect.connId} ${effect.treatment}`;
    case 'park':
    case 'transferred':
      return `${effect.type} ${effect.connId} ${effect.dn}`;
    case 'transferFailed':
      return `not transferred ${effect.connId} ${effect.dn} ${effect.status}`;
    case 'join':
      return `join ${effect.connId} ${effect.consult} ${effect.dn}`;
    case 'release':
      return `release ${effect.connId} ${effect.status}`;
    case 'refuse':
      return `refuse #${effect.referenceId} ${effect.code}${effect.epoch === undefined ? '' : ` epoch=${effect.epoch.number}`}`;
    case 'done':
      return `done #${effect.referenceId}`;
    case 'shuttingDown':
      return `shutting down: ${effect.on}`;
    case 'poolWaiting':
      return `tell waiting ${[effect.queue, ...effect.callers.map(({ connId, priority, waitedMs }) => `${connId}:${priority}:${waitedMs}`)].join(' ')}`;
    case 'poolTake':
      return `tell take ${effect.connId} ${effect.reservation}`;
    case 'poolDecline':
      return `tell decline ${effect.connId} ${effect.reservation}`;
    case 'poolGrant':
      return `tell grant ${effect.queue} ${effect.connId} ${effect.reservation} ${effect.dn}`;
    case 'poolRefuse':
      return `tell refuse ${effect.queue}`;
    case 'log':
      return undefined;
  }
}

/** The event's name, the call, and what is not as usual. */
function writtenEvent(event: Extract<CentreEffect, { type: 'event' }>): string {
  const { attributes } = event;
  const words = [event.dn, event.name.replace(/^Event/, '')];
  if (attributes.ConnID !== undefined) words.push(attributes.ConnID);
  if (attributes.CallState !== undefined && attributes.CallState !== 'Ok') words.push(attributes.CallState);
  if (attributes.WorkMode !== undefined && attributes.WorkMode !== 'Unknown') words.push(attributes.WorkMode);
  for (const [key, value] of Object.entries(attributes.Reasons ?? {})) words.push(`${key}=${value}`);
  if (attributes.PreviousConnID !== undefined) words.push(`was=${attributes.PreviousConnID}`);
  if (attributes.ThirdPartyDN !== undefined) words.push(`to=${attributes.ThirdPartyDN}`);
  const wrapUp = attributes.Extensions?.WrapUpTime;
  if (wrapUp !== undefined) words.push(`WrapUpTime=${wrapUp}`);
  if (attributes.ReferenceID !== undefined) words.push(`#${attributes.ReferenceID}`);
  return words.join(' ');
}

/** `shutdown on wave=1 every=2000 within=60000 force=yes`; without `wave` everybody who is idle goes at once. */
function shutdown(on: boolean, named: Named, request: Request): CentreInput {
  const asked = { type: 'shutdown', on, by: 'max', ...request } as const;
  const { wave, every = '0', within, force } = named;
  if (wave === undefined) return asked;
  const terms = {
    wave: Number(wave),
    waveEveryMs: Number(every),
    isForced: force === 'yes',
    endsProcess: false,
  };
  return { ...asked, terms: within === undefined ? terms : { ...terms, withinMs: Number(within) } };
}

const queue = {
  noAnswerMs: 15_000,
  noAnswerNotReady: true,
  waitingMax: 3,
  treatment: 'music',
  priority: 0,
} as const;
const extension = (number: string): DNConfiguration => ({
  number,
  type: 'Extension',
  name: `phone ${number}`,
});

/** The same site, whose queues 6000 and 6001 are pooled with those of the other one (PQ1). */
export function pooledSite(): CentreConfiguration {
  const dns = SITE.dns.map((dn) =>
    dn.queue !== undefined && (dn.number === '6000' || dn.number === '6001')
      ? { ...dn, queue: { ...dn.queue, isPooled: true } }
      : dn,
  );
  return { ...SITE, dns };
}

/** Four phones, three queues, and one of every other kind of DN. */
export const SITE: CentreConfiguration = {
  site: 'north',
  wrapUpMs: 0,
  agentLogins: [
    { code: 'id-ann', wrapUpMs: undefined },
    { code: 'id-bob', wrapUpMs: undefined },
    { code: 'id-cid', wrapUpMs: 10_000 },
    { code: 'id-dan', wrapUpMs: 'untimed' },
  ],
  dns: [
    ...['1001', '1002', '1003', '1004'].map(extension),
    { number: '6000', type: 'ACDQueue', name: 'sales', queue },
    {
      number: '6001',
      type: 'ACDQueue',
      name: 'service',
      queue: { ...queue, noAnswerNotReady: false, priority: 5 },
    },
    {
      number: '6002',
      type: 'ACDQueue',
      name: 'short',
      queue: { ...queue, waitingMax: 1, waitMaxMs: 20_000, overflowDN: '6001' },
    },
    {
      number: '6003',
      type: 'ACDQueue',
      name: 'ring of overflows',
      queue: { ...queue, waitingMax: 0, overflowDN: '6003' },
    },
    { number: '7000', type: 'RoutingPoint', name: 'main number', routeTo: '6000' },
    { number: '7001', type: 'RoutingPoint', name: 'to nobody' },
    { number: '8000', type: 'CallProcessingPort', name: 'ivr' },
    { number: 'trunk', type: 'Trunk', name: 'gateway' },
  ],
};
