/**
 * Calls of the other site that go on here (rules AD): when its agent has logged in here with a higher epoch, a call
 * that stood there is taken over from the records that were followed, and both ends are told where we are now.
 *
 *     EventAgentLogin here ──▶ the agent's DN in the records of the other site ──▶ its calls that stood
 *                                    legs to us ◀── UPDATE or re-INVITE to both ends ──┘
 *
 * The number of the next request is the fence (AD3): the ends refuse what the other site, if it lives, still sends.
 */
import type { Agent, Call, Centre, CentreEffect } from '@holdfast/centre';
import { fromRecord, type HeldRecord, type LogLine, type Millis } from '@holdfast/kernel';
import { compareLoginEpochs, type LoginEpoch } from '@holdfast/protocol';
import {
  type LegRecord,
  legRecordFrom,
  movedLeg,
  SEQ_JUMP_OF_SITE,
  type SipUserAgent,
  type UserAgentOutput,
} from '@holdfast/sip';
import type { CallControl } from './call-control.ts';
import { callFrom } from './call-records.ts';
import type { Contact } from './gateway-contact.ts';

/** What is held of the other site. */
export interface PeerRecords {
  get(key: string): HeldRecord | undefined;
  keys(): Iterable<string>;
}

export interface AdoptionPorts {
  readonly centre: Centre;
  readonly calls: CallControl;
  readonly userAgent: SipUserAgent;
  records(): PeerRecords | undefined;
  /** Where the phone of this DN is registered here. */
  phoneAt(dn: string): Contact | undefined;
  run(output: UserAgentOutput): void;
  perform(now: Millis, effects: readonly CentreEffect[]): void;
  log(line: Omit<LogLine, 'site'>): void;
}

interface PeerDN {
  readonly agent?: Pick<Agent, 'person' | 'epoch'>;
  readonly calls: readonly string[];
}

export class Adoption {
  readonly #ports: AdoptionPorts;
  /** ConnIDs that were taken over; the records of a dead site still name them. */
  readonly #adopted = new Set<string>();

  constructor(ports: AdoptionPorts) {
    this.#ports = ports;
  }

  /** AD1: whoever has logged in here with a higher epoch is at work here, and so are the calls. */
  loggedIn(
    now: Millis,
    login: { readonly dn: string; readonly person: string; readonly epoch: LoginEpoch },
  ): void {
    const records = this.#ports.records();
    if (records === undefined) return;
    const there = dnOf(records, login);
    if (there?.agent === undefined || compareLoginEpochs(login.epoch, there.agent.epoch) <= 0) return;
    for (const connId of there.calls) this.#adopt(now, records, connId);
  }

  #adopt(now: Millis, records: PeerRecords, connId: string): void {
    const { calls, userAgent, centre } = this.#ports;
    const talk = records.get(`talk/${connId}`);
    const held = records.get(`call/${connId}`);
    if (talk === undefined || held === undefined || this.#adopted.has(connId)) return;
    const call = fromRecord<Call>(held.value, held.heldAt);
    // Whoever only rings is rung again, by the queue that the caller comes to.
    if (call.phase.name !== 'talking') return;
    const legs = this.#legs(records, callFrom(talk).roles);
    if (typeof legs === 'string') return this.#cannot(connId, legs);
    this.#adopted.add(connId);
    this.#ports.run(userAgent.loadLegs(now, legs, SEQ_JUMP_OF_SITE));
    calls.load(now, [talk]);
    this.#ports.perform(now, centre.adopt(now, call));
    for (const { leg } of legs) calls.refresh(now, leg.id);
    this.#ports.log({
      level: 'info',
      what: 'call adopted',
      call: connId,
      because: 'AD1: it stood at the other site, and its agent has logged in here',
    });
  }

  /** All of them, or why the call cannot be taken over. */
  #legs(records: PeerRecords, roles: ReturnType<typeof callFrom>['roles']): readonly LegRecord[] | string {
    const { userAgent, phoneAt } = this.#ports;
    const legs: LegRecord[] = [];
    for (const [id, { dn }] of roles) {
      const held = records.get(`leg/${id}`);
      if (held === undefined) return 'a leg of it is not known here';
      const record = legRecordFrom(fromRecord(held.value, held.heldAt));
      if (typeof record === 'string') return record;
      if (record.leg.state.name !== 'established') return `a leg of it was ${record.leg.state.name}`;
      const at = dn === undefined ? undefined : phoneAt(dn);
      const transport = at?.transport ?? record.source?.transport ?? 'UDP';
      const contact = userAgent.contactFor(transport);
      legs.push(movedLeg(record, { contact, at: at?.destination }));
    }
    return legs.length < 2 ? 'it has one leg only' : legs;
  }

  #cannot(connId: string, because: string): void {
    this.#ports.log({ level: 'warn', what: 'call not adopted', call: connId, because });
  }
}

/** The DN on which this person was logged in there: the same number as a rule, any other at another's place. */
function dnOf(
  records: PeerRecords,
  { dn, person }: { readonly dn: string; readonly person: string },
): PeerDN | undefined {
  const same = read(records.get(`dn/${dn}`));
  if (same?.agent?.person === person) return same;
  for (const key of records.keys()) {
    if (!key.startsWith('dn/')) continue;
    const other = read(records.get(key));
    if (other?.agent?.person === person) return other;
  }
  return undefined;
}

function read(held: HeldRecord | undefined): PeerDN | undefined {
  return held && fromRecord<PeerDN>(held.value, held.heldAt);
}
