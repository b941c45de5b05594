/**
 * A call of the other site that cannot go on here (AD10): whoever of it can be reached is let go, as that site would
 * have done. Left alone two people would talk on with nobody in control, a caller would hear silence, and a phone would
 * ring for nobody and be busy for the next call.
 *
 *     talks ── BYE        waits for an answer ── 480        rings ── CANCEL under the dead site's branch
 */
import type { Millis } from '@holdfast/kernel';
import { type LegRecord, SEQ_JUMP_OF_SITE, type UserAgentOutput } from '@holdfast/sip';
import type { callFrom } from './call-records.ts';
import { isWithUs, legHere, type PeerLegPorts, type PeerRecords, peerLeg } from './peer-legs.ts';

export interface UnsavedCallsPorts extends PeerLegPorts {
  run(output: UserAgentOutput): void;
}

export type Roles = ReturnType<typeof callFrom>['roles'];

/** Says to whoever looks at the messages why somebody else hangs up (RFC 3326). */
export const SITE_GONE_REASON = 'SIP;cause=503;text="The site of this call is gone"';

export class UnsavedCalls {
  readonly #ports: UnsavedCallsPorts;

  constructor(ports: UnsavedCallsPorts) {
    this.#ports = ports;
  }

  /** Where the other end of a leg is one of ours, that call of ours goes on by itself. */
  end(now: Millis, records: PeerRecords, roles: Roles): void {
    const { userAgent, run } = this.#ports;
    for (const [id, role] of roles) {
      const { dn } = role;
      const record = peerLeg(records, id);
      if ('cause' in record || isWithUs(record, this.#ports)) continue;
      const { name } = record.leg.state;
      if (name === 'calling') this.#stop(now, record, role);
      if (name !== 'established' && name !== 'incoming') continue;
      run(userAgent.loadLegs(now, [unanswered(legHere(record, dn, this.#ports))], SEQ_JUMP_OF_SITE));
      run(userAgent.bye(now, id, { reason: SITE_GONE_REASON }));
    }
  }

  /** The phones that ring for it, of this DN or of any. */
  stopRinging(now: Millis, records: PeerRecords, roles: Roles, of?: string): void {
    for (const [id, role] of roles) {
      const record = of === undefined || role.dn === of ? peerLeg(records, id) : undefined;
      if (record !== undefined && 'leg' in record && record.leg.state.name === 'calling')
        this.#stop(now, record, role);
    }
  }

  /** Of the phones of a DN it is the one that was called, where that is registered here; else where it was called from there. */
  #stop(now: Millis, record: LegRecord, { dn, contact }: Roles[number][1]): void {
    const { userAgent, phonesAt, run } = this.#ports;
    const phones = dn === undefined ? [] : phonesAt(dn);
    const here = phones.find(({ uri }) => uri === contact?.contact)?.destination;
    run(userAgent.cancelOther(now, record, here?.type === 'target' ? here.target : undefined));
  }
}

/** An answer that waited for a PRACK would go out when the leg is loaded, and the caller is to be refused. */
function unanswered(record: LegRecord): LegRecord {
  const { leg } = record;
  if (leg.state.name !== 'incoming') return record;
  return { ...record, leg: { ...leg, state: { ...leg.state, heldAnswer: undefined } } };
}
