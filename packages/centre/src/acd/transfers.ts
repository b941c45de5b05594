/**
 * What is asked of calls that stand: to turn one end to somebody else (a phone's REFER, TSingleStepTransfer), and to make
 * two calls of one DN into one (REFER with Replaces, TCompleteTransfer).
 */
import { callAt, changeUserData, sizeOf, USER_DATA_MAX } from './attached-data.ts';
import type { Call } from './call.ts';
import { changeCall } from './call-changes.ts';
import { farEndOf, isEndOf } from './call-transfer.ts';
import { log, type Turn } from './centre-state.ts';
import type { CentreInput, Request } from './centre-types.ts';
import { done, NOBODY, refuse } from './events.ts';
import { place } from './queueing.ts';

type Input<Type extends CentreInput['type']> = Extract<CentreInput, { type: Type }>;

/** RFC 3891 §3: what is to be replaced is not there. */
const NO_CALL_STATUS = 481;

/** CA17, CA18. */
export function transfer(turn: Turn, input: Input<'transfer'>): void {
  const { connId, dn, to, trunk, isEmergency = false, userData } = input;
  const known = callAt(turn, input);
  const call = known && standing(turn, known, input);
  if (call === undefined) return fail(turn, input);
  const data = { ...call.userData, ...userData };
  if (sizeOf(data) > USER_DATA_MAX) {
    const text = `UserData of call ${connId} would exceed ${USER_DATA_MAX} characters. Delete keys, then transfer again.`;
    refuse(turn, input, { code: 'not-allowed', text });
    return fail(turn, input);
  }
  changeUserData(turn, call, { userData: data, request: NOBODY });
  const because = `${dn} sends whoever it talks with to ${to}`;
  log(turn, { level: 'info', what: 'call transferred', call: connId, dn, because });
  const { client, referenceId } = input;
  const request = client === undefined || referenceId === undefined ? NOBODY : { client, referenceId };
  const changed = turn.state.calls.get(connId) ?? call;
  const parked = changeCall(turn, changed, { type: 'parked', by: dn, isEmergency, request });
  if (trunk === undefined) return place(turn, parked, to);
  changeCall(turn, parked, { type: 'alert', dn: to, trunk });
}

/** CA19. */
export function completeTransfer(turn: Turn, input: Input<'completeTransfer'>): void {
  const { connId, consult, dn } = input;
  const known = callAt(turn, input);
  const call = known && standing(turn, known, input);
  if (call === undefined) return fail(turn, input);
  const second = connId === consult ? undefined : turn.state.calls.get(consult);
  if (!isEndOf(second, dn)) {
    const text = `Call ${consult} on DN ${dn} is not established. Wait until it is answered, or release it.`;
    refuse(turn, input, { code: second === undefined ? 'unknown-call' : 'wrong-state', text });
    return fail(turn, input);
  }
  const end = farEndOf(second, dn);
  const remains = farEndOf(call, dn);
  const because = `${dn} brings ${remains.dn} and ${end.dn} together, and leaves`;
  log(turn, { level: 'info', what: 'calls joined', call: connId, dn, because, detail: { consult } });
  const { isEmergency } = second;
  changeCall(turn, call, { type: 'joined', by: dn, consult, isEmergency, end }, input);
  changeCall(turn, second, { type: 'merged', by: dn, with: remains.dn });
}

/** Whoever transfers hangs up before anybody has answered: what rings or waits is the call now. */
export function leaveTransfer(turn: Turn, call: Call, request: Request & { readonly dn?: string }): void {
  if (call.transfer === undefined) return;
  // That nobody waits for it any more is all that can be said of what was asked.
  done(turn, call.transfer.request);
  const unasked = { ...call, transfer: { ...call.transfer, request: NOBODY } };
  const { phase } = call;
  const to = phase.name === 'alerting' ? phase.dn : call.dnis;
  changeCall(turn, unasked, { type: 'freed', to }, request);
}

function standing(turn: Turn, call: Call, input: Input<'transfer' | 'completeTransfer'>): Call | undefined {
  if (isEndOf(call, input.dn)) return call;
  const state = call.transfer === undefined ? call.phase.name : 'being transferred';
  const text = `Call ${input.connId} is ${state}; only one that stands can be transferred.`;
  refuse(turn, input, { code: 'wrong-state', text });
  return undefined;
}

function fail(turn: Turn, { connId, dn }: Input<'transfer' | 'completeTransfer'>): void {
  turn.effects.push({ type: 'transferFailed', connId, dn, status: NO_CALL_STATUS });
}
