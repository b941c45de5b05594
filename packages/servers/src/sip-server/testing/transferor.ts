/** A phone that transfers its calls by REFER, in the world of the tests. */
import { decodeUtf8 } from '@holdfast/kernel';
import { headerValue, type LegId, type SipRequest } from '@holdfast/sip';
import { expect } from 'vitest';
import { type CentreWorld, centreWorld } from './centre-world.ts';
import { Peer } from './people.ts';
import { REALM } from './server-site.ts';

/** A phone driven by hand, which answers NOTIFY and agrees to every offer. */
export class Transferor extends Peer {
  readonly notified: string[] = [];

  constructor({ world }: Pick<CentreWorld, 'world'>, number: string, port: number) {
    super(world, number, `10.0.1.${Number(number.slice(-2))}`);
    let version = 1;
    this.react = (event) => {
      if (event.type === 'incoming')
        this.do(this.userAgent.answer(world.now, event.leg, { sdp: this.sdp(port) }));
      if (event.type === 'offer')
        this.do(this.userAgent.acceptOffer(world.now, event.leg, this.sdp(port, 'sendrecv', ++version)));
      if (event.type !== 'inDialogRequest') return;
      const { request, transaction } = event;
      if (request.method === 'NOTIFY') this.notified.push(notified(request));
      this.do(this.userAgent.respond(world.now, transaction, 200));
    };
    this.register();
  }

  /** The status of its answer. */
  refer(leg: LegId, to: string, more: readonly (readonly [string, string])[] = []): number {
    const headers = [['Refer-To', to], ...more] as const;
    this.do(this.userAgent.sendInDialog(this.world.now, leg, 'REFER', { headers }));
    this.world.run(100);
    return this.last('inDialogResponse').status;
  }

  /** As another dialog of the phone names it (RFC 3891 §3). */
  replaces(leg: LegId): string {
    const dialog = this.userAgent.legInfo(leg)?.dialog;
    return `Replaces=${dialog?.callId}%3Bto-tag%3D${dialog?.remoteTag}%3Bfrom-tag%3D${dialog?.localTag}`;
  }
}

function notified(request: SipRequest): string {
  const words = [
    headerValue(request, 'event'),
    headerValue(request, 'subscription-state'),
    decodeUtf8(request.body),
  ];
  expect(headerValue(request, 'content-type')).toBe('message/sipfrag;version=2.0');
  return words.map((word) => word?.replace(/;.*expires=.*|SIP\/2.0 |\r\n/g, '')).join(' | ');
}

export const TRYING = 'refer | active | 100 Trying';
export const DONE = 'refer | terminated;reason=noresource | 200 OK';
export const failed = (status: string) => `refer | terminated;reason=noresource | ${status}`;

/** The caller behind the trunk talks with ada, whose phone is driven by hand; bob's rings. */
export function transferring(more: { answerAfterMs?: number } = { answerAfterMs: 500 }) {
  const centre = centreWorld({}, { isFollowed: true });
  const { world, board, caller } = centre;
  const ada = new Transferor(centre, '7001', 6000);
  const bob = centre.phone('7002', more);
  caller.tell({ name: 'call', to: '7001' });
  world.run(1_000);
  const { leg } = ada.last('incoming');
  board.news();
  caller.news();
  return { ...centre, ada, bob, leg };
}

export const to = (number: string) => `<sip:${number}@${REALM}>`;
