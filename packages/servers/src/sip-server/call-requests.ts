/** What clients ask of calls, beyond facts for the centre: to make one, to transfer one, to join two. */
import type { PartyRelease } from '@holdfast/centre';
import { type Millis, unreachable } from '@holdfast/kernel';
import type { DeskRequest, ErrorCode } from '@holdfast/protocol';
import { askerOf } from './answers.ts';
import type { CallControl } from './call-control.ts';
import type { MakeCall } from './call-record.ts';
import type { NoTransfer, TransferAsked } from './call-transfers.ts';
import type { Client, Clients } from './clients.ts';
import { NO_CALL } from './refusals.ts';

export type CallRequest = Extract<
  DeskRequest,
  { type: 'MakeCall' | 'InitiateTransfer' | 'SingleStepTransfer' | 'CompleteTransfer' }
>;

export interface CallRequestPorts {
  readonly calls: CallControl;
  readonly clients: Clients;
  /** The address that SDP of ours names. */
  readonly mediaAddress: string;
}

export class CallRequests {
  readonly #ports: CallRequestPorts;

  constructor(ports: CallRequestPorts) {
    this.#ports = ports;
  }

  handle(now: Millis, client: Client, request: CallRequest): void {
    const asked = { client: askerOf(client.session.key, request), referenceId: request.ReferenceID };
    switch (request.type) {
      case 'MakeCall':
        if (this.#isRepeated(client, request)) return;
        return this.#makeCall(now, client, request);
      case 'InitiateTransfer':
        return this.#consult(now, client, request);
      case 'SingleStepTransfer': {
        const { dn, ConnID: connId, destination: to, userData = {} } = request;
        return this.#transfer(client, { type: 'transfer', connId, dn, to, userData, ...asked });
      }
      case 'CompleteTransfer': {
        const { dn, ConnID: connId, consultConnID: consult } = request;
        return this.#transfer(client, { type: 'completeTransfer', connId, consult, dn, ...asked });
      }
    }
  }

  #transfer(client: Client, asked: TransferAsked): void {
    const outcome = this.#ports.calls.transfers.ask(asked);
    if (outcome === 'begun') return;
    const refused =
      outcome === 'consult-not-established' && 'consult' in asked ? asked.consult : asked.connId;
    this.#refuseTransfer(client, { ReferenceID: asked.referenceId ?? 0 }, outcome, {
      ...{ connId: refused, dn: asked.dn },
    });
  }

  #refuseTransfer(
    client: Client,
    request: { ReferenceID: number },
    why: NoTransfer,
    { connId, dn }: { readonly connId: string; readonly dn: string },
  ): void {
    switch (why) {
      case 'no-call':
        return this.#refuse(client, request, 'unknown-call', `No call ${connId} on DN ${dn}.`);
      case 'busy': {
        const text = `Call ${connId} is being transferred already. Wait, or release it.`;
        return this.#refuse(client, request, 'wrong-state', text);
      }
      case 'not-established':
      case 'consult-not-established': {
        const text = `Call ${connId} is not established. Wait until it is answered, or release it.`;
        return this.#refuse(client, request, 'wrong-state', text);
      }
      default:
        return unreachable(why);
    }
  }

  /** SS87: a second call of its phone, which knows for which one it is. */
  #consult(now: Millis, client: Client, request: Extract<CallRequest, { type: 'InitiateTransfer' }>): void {
    const { dn, ConnID } = request;
    // What became of the call since does not matter to a consultation that is being made.
    if (this.#isRepeated(client, request)) return;
    const state = this.#ports.calls.transfers.standsAt(ConnID, dn);
    if (state === 'stands') return this.#makeCall(now, client, request, ConnID);
    this.#refuseTransfer(client, request, state, { connId: ConnID, dn });
  }

  /** LG3: repeated while its phone rings; the answer comes when the phone has answered. */
  #isRepeated(client: Client, request: CallRequest): boolean {
    return this.#ports.calls.made.isMaking(askerOf(client.session.key, request));
  }

  #makeCall(
    now: Millis,
    client: Client,
    request: Extract<CallRequest, { type: 'MakeCall' | 'InitiateTransfer' }>,
    consultOf?: string,
  ): void {
    const { calls, mediaAddress } = this.#ports;
    const { dn, destination, userData = {}, ReferenceID } = request;
    const asker = askerOf(client.session.key, request);
    const common = { destination, userData, client: asker, referenceId: ReferenceID };
    const asked: MakeCall = consultOf === undefined ? common : { ...common, consultOf };
    switch (calls.made.make(now, dn, asked, mediaAddress)) {
      case 'started':
        // Answered when the phone is: `phoneCalled`.
        return;
      case 'shutting-down': {
        const text = 'The server is shutting down and takes no new call. Call from the other site.';
        return this.#refuse(client, request, 'shutting-down', text);
      }
      case 'no-phone': {
        const text = `The phone of ${dn} is not registered here.`;
        return this.#refuse(client, request, 'phone-out-of-service', text);
      }
      case 'too-many':
        return this.#refuse(
          client,
          request,
          'overloaded',
          'Too many calls at once. Try again after a pause.',
        );
    }
  }

  /** SS31: what became of the phone for which a client makes a call. */
  phoneCalled(asked: MakeCall, dn: string, outcome: 'answered' | PartyRelease): void {
    const { clients } = this.#ports;
    const { client, referenceId } = asked;
    if (outcome === 'answered') return clients.answer(client, { type: 'Done', ReferenceID: referenceId });
    const { code, text } = NO_CALL[outcome];
    const why = `The phone of ${dn} ${text}`;
    clients.answer(client, { type: 'Error', ReferenceID: referenceId, code, text: why });
  }

  #refuse(client: Client, request: { ReferenceID: number }, code: ErrorCode, text: string): void {
    this.#ports.clients.refuse(client.connection, request.ReferenceID, code, { text });
  }
}
