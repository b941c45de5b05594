/** What clients ask of calls, beyond facts for the centre: to make one, to transfer one, to join two. */
import type { PartyRelease } from '@holdfast/centre';
import type { Millis } from '@holdfast/kernel';
import type { DeskRequest, ErrorCode } from '@holdfast/protocol';
import { askerOf } from './answers.ts';
import type { CallControl } from './call-control.ts';
import type { MakeCall } from './call-record.ts';
import type { TransferAsked } from './call-transfers.ts';
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
    const { dn, connId } = asked;
    const ReferenceID = asked.referenceId ?? 0;
    if (outcome === 'no-call')
      this.#refuse(client, { ReferenceID }, 'unknown-call', `No call ${connId} on DN ${dn}.`);
    if (outcome === 'busy')
      this.#refuse(client, { ReferenceID }, 'wrong-state', `Call ${connId} is being transferred already.`);
  }

  /** SS87: a second call of its phone, which knows for which one it is. */
  #consult(now: Millis, client: Client, request: Extract<CallRequest, { type: 'InitiateTransfer' }>): void {
    const { dn, ConnID } = request;
    const state = this.#ports.calls.transfers.standsAt(ConnID, dn);
    if (state === 'stands') return this.#makeCall(now, client, request, ConnID);
    if (state === 'no-call')
      return this.#refuse(client, request, 'unknown-call', `No call ${ConnID} on DN ${dn}.`);
    const text = `Call ${ConnID} is not established, or is being transferred. Wait, or release it.`;
    this.#refuse(client, request, 'wrong-state', text);
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
    // LG3: repeated while its phone rings; the answer comes when the phone has answered.
    if (calls.made.isMaking(asker)) return;
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
