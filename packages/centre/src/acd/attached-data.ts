/**
 * The data that is attached to a call (CA9): who may change it, and who is told.
 */
import type { UserData } from '@holdfast/protocol';
import { type Call, partyOf } from './call.ts';
import type { Turn } from './centre-state.ts';
import type { CentreInput, Request } from './centre-types.ts';
import { done, refuse, tellCall } from './events.ts';

type Input<Type extends CentreInput['type']> = Extract<CentreInput, { type: Type }>;

/** Characters of keys and values that one call may carry: attaching again and again must not grow memory. */
export const USER_DATA_MAX = 65_536;

export function attachUserData(turn: Turn, input: Input<'attachUserData'>): void {
  const call = callAt(turn, input);
  if (call === undefined) return;
  const userData = { ...call.userData, ...input.userData };
  if (sizeOf(userData) > USER_DATA_MAX) {
    return refuse(turn, input, {
      code: 'not-allowed',
      text: `UserData of call ${input.connId} would exceed ${USER_DATA_MAX} characters. Delete keys, then attach again.`,
    });
  }
  changeUserData(turn, call, { userData, request: input });
}

export function deleteUserData(turn: Turn, input: Input<'deleteUserData'>): void {
  const call = callAt(turn, input);
  if (call === undefined) return;
  const gone = new Set(input.keys ?? Object.keys(call.userData));
  const userData = Object.fromEntries(Object.entries(call.userData).filter(([key]) => !gone.has(key)));
  changeUserData(turn, call, { userData, request: input });
}

/** The call, when the DN of the request has a part in it; else the request is refused. */
export function callAt(
  turn: Turn,
  input: Input<'releaseCall' | 'attachUserData' | 'deleteUserData' | 'transfer' | 'completeTransfer'>,
): Call | undefined {
  const call = turn.state.calls.get(input.connId);
  if (call !== undefined && placesOf(call).some((place) => place.dn === input.dn)) return call;
  refuse(turn, input, { code: 'unknown-call', text: `No call ${input.connId} on DN ${input.dn}.` });
  return undefined;
}

/** The DNs of this site that have a part in the call. */
function placesOf(call: Call): { to: 'origin' | 'party' | 'queue'; dn: string }[] {
  const places: ReturnType<typeof placesOf> = [];
  const { phase } = call;
  if (phase.name === 'waiting') places.push({ to: 'queue', dn: phase.ticket.queue });
  if (phase.name === 'offered') places.push({ to: 'party', dn: phase.dn });
  if ((phase.name === 'alerting' || phase.name === 'talking') && phase.trunk === undefined)
    places.push({ to: 'party', dn: phase.dn });
  if (call.transfer !== undefined) places.push({ to: call.transfer.role, dn: call.transfer.by });
  if (call.origin.dn !== undefined) places.push({ to: 'origin', dn: call.origin.dn });
  return places;
}

/** EventAttachedDataChanged to every party; nothing to anybody when nothing has changed. */
export function changeUserData(
  turn: Turn,
  call: Call,
  change: { readonly userData: UserData; readonly request: Request & { readonly dn?: string } },
): void {
  const { userData, request } = change;
  const keys = Object.keys(userData);
  const same =
    keys.length === Object.keys(call.userData).length &&
    keys.every((key) => userData[key] === call.userData[key]);
  if (same) return done(turn, request);
  const next = { ...call, userData };
  turn.state.calls.set(call.connId, next);
  for (const place of placesOf(next)) {
    const isOrigin = place.to === 'origin' && place.dn !== next.transfer?.by;
    const otherDN = isOrigin ? (partyOf(next) ?? next.dnis) : (next.origin.dn ?? next.ani);
    const queue = place.to === 'queue' ? place.dn : undefined;
    tellCall(
      turn,
      next,
      { type: 'tell', ...place, name: 'EventAttachedDataChanged', otherDN, queue, callState: 'Ok' },
      place.dn === request.dn ? { request } : {},
    );
  }
}

export function sizeOf(userData: UserData): number {
  let size = 0;
  for (const key in userData) size += key.length + (userData[key]?.length ?? 0);
  return size;
}
