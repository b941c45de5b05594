/**
 * A call as a record, so that another SIP Server goes on with it: what the B2BUA holds, and what each leg is to it.
 * The legs themselves are records of the user agent, and what the call means is one of the centre.
 */
import { fromRecord, type HeldRecord, type Millis, type Plain, toRecord } from '@holdfast/kernel';
import type { LegId } from '@holdfast/sip';
import type { CallRecord, LegRole } from './call-record.ts';

interface CallOnRecord {
  readonly call: CallRecord;
  readonly legs: readonly (readonly [LegId, Omit<LegRole, 'call'>])[];
}

export function recordOfCall(
  call: CallRecord,
  roleOf: (leg: LegId) => LegRole | undefined,
  now: Millis,
): Plain {
  const legs = legsOf(call).flatMap((leg) => {
    const { call: _this, ...role } = roleOf(leg) ?? {};
    return 'role' in role ? [[leg, role] as const] : [];
  });
  return toRecord({ call, legs } satisfies CallOnRecord, now);
}

/** The call as it was before somebody began to transfer it: what another site goes on with (AD12). */
export function callBeforeTransfer(held: HeldRecord): ReturnType<typeof callFrom> {
  const { call, roles } = callFrom(held);
  const { transfer } = call;
  if (transfer === undefined) return { call, roles };
  const rang = new Set([...call.ringing.values()].flatMap(({ legs }) => [...legs]));
  call.transfer = undefined;
  if (transfer.parked === undefined) return { call, roles };
  call.ringing.clear();
  call.party = transfer.parked;
  return { call, roles: roles.filter(([leg]) => !rang.has(leg)) };
}

/** AD14: with the numbers at which its agents work here. */
export function rolesAtNumbersHere(
  { call, roles }: ReturnType<typeof callFrom>,
  numberHere: (dn: string) => string,
): ReturnType<typeof callFrom> {
  const here = (dn: string | undefined) => (dn === undefined ? undefined : numberHere(dn));
  call.origin = { ...call.origin, dn: here(call.origin.dn) };
  if (call.party !== undefined) call.party = { ...call.party, dn: numberHere(call.party.dn) };
  return { call, roles: roles.map(([leg, role]) => [leg, { ...role, dn: here(role.dn), call }]) };
}

/** The call, and what its legs are to it. */
export function callFrom({ value, heldAt }: HeldRecord): {
  readonly call: CallRecord;
  readonly roles: readonly (readonly [LegId, LegRole])[];
} {
  const { call, legs } = fromRecord<CallOnRecord>(value, heldAt);
  // A server of a former version has not written it.
  call.moves ??= 0;
  return { call, roles: legs.map(([leg, role]) => [leg, { ...role, call }]) };
}

function legsOf({ origin, ringing, party, transfer }: CallRecord): readonly LegId[] {
  const legs = [origin.leg, ...[...ringing.values()].flatMap((rung) => [...rung.legs])];
  const ends = [party, transfer?.parked].flatMap((end) => (end === undefined ? [] : [end.leg]));
  return [...legs, ...ends];
}
