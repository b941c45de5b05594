/**
 * A SIP Server without a mate, whose records the other site may follow (LG4). Nothing waits for a follower here.
 */
import type { Millis, Node } from '@holdfast/kernel';
import { peerLagMetrics } from '../health/mirror-metrics.ts';
import { gauge, notReady, oneOf, READY, type ServerReport, WITHOUT_MATE } from '../health/server-report.ts';
import { siteMetrics } from '../health/site-metrics.ts';
import type { SipServerEffect, SipServerInput } from '../sip-server/effects.ts';
import { SipServerNode, type SipServerOptions } from '../sip-server/sip-server-node.ts';
import { Leading, NO_SERVER, RECORDS_REFUSED } from './leading.ts';

export class LedServer implements Node<SipServerInput, SipServerEffect> {
  readonly #leading: Leading;
  #sent: SipServerEffect[] = [];

  constructor(options: Omit<SipServerOptions, 'isFollowed'>) {
    this.#leading = new Leading(
      new SipServerNode({ ...options, isFollowed: true }),
      (connection, message) =>
        void this.#sent.push({ type: 'send', connection, message: { type: 'Mirror', message } }),
    );
  }

  get server(): SipServerNode {
    return this.#leading.server;
  }

  /** HR1, HR4. */
  report(now: Millis): ServerReport {
    const { centre } = this.server.parts;
    return {
      primary: centre.isShuttingDown ? notReady('A graceful shutdown goes on.') : READY,
      ...{ standby: WITHOUT_MATE, upgrade: WITHOUT_MATE },
      metrics: [
        oneOf('holdfast_role', 'It has no mate, and so is always the primary.', ['primary'], 'primary'),
        gauge('holdfast_acts', 'Whether this process decides and sends.', 1),
        gauge('holdfast_epoch', 'Its own epoch.', this.#leading.epoch),
        ...peerLagMetrics(this.#leading, now),
        ...siteMetrics(this.server),
      ],
    };
  }

  handle(now: Millis, input: SipServerInput): SipServerEffect[] {
    if (input.type === 'message' && input.message.type === 'Mirror') {
      const { connection, message } = input;
      if (!this.#leading.hearClient(now, connection, message.message))
        this.#sent.push(RECORDS_REFUSED, { type: 'close', connection, why: NO_SERVER });
      return this.#out(now);
    }
    if (input.type === 'closed') this.#leading.unlinked(input.connection);
    this.#leading.after(now, this.server.handle(now, input));
    return this.#out(now);
  }

  nextDeadline(): Millis | undefined {
    const never = Number.POSITIVE_INFINITY;
    const next = Math.min(this.server.nextDeadline() ?? never, this.#leading.nextDeadline(true) ?? never);
    return next === never ? undefined : next;
  }

  expire(now: Millis): SipServerEffect[] {
    this.#leading.after(now, this.server.expire(now));
    this.#leading.expire(now);
    return this.#out(now);
  }

  #out(now: Millis): SipServerEffect[] {
    const free = this.#leading.release(now);
    const effects = [...this.#sent, ...free];
    this.#sent = [];
    return effects;
  }
}
