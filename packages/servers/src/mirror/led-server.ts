/**
 * A SIP Server without a mate, whose records the other site may follow (LG4). Nothing waits for a follower here. It tries
 * whether it does its work as a primary does (GF1 to GF7), and has nobody who could have the role: it says so.
 */
import { startFitness } from '@holdfast/continuity';
import type { LogLine, Millis, Node } from '@holdfast/kernel';
import { peerLagMetrics } from '../health/mirror-metrics.ts';
import {
  gauge,
  notReady,
  oneOf,
  type Readiness,
  type ServerReport,
  WITHOUT_MATE,
} from '../health/server-report.ts';
import { siteMetrics } from '../health/site-metrics.ts';
import { believed, FitnessWatch, insideOf, type ProbeAsked, type Probed } from '../pair/fitness-watch.ts';
import { ofFitness, unfitMetric } from '../pair/pair-report.ts';
import type { SipServerConfiguration } from '../sip-server/configuration.ts';
import type { SipServerEffect, SipServerInput } from '../sip-server/effects.ts';
import { SipServerNode, type SipServerOptions } from '../sip-server/sip-server-node.ts';
import { Leading, NO_SERVER, RECORDS_REFUSED } from './leading.ts';

/** Beside what any SIP Server is told: what a probe has seen. */
export type LedServerInput = SipServerInput | Probed;
/** Beside what any SIP Server wants: a probe, which is answered by `probed`. */
export type LedServerEffect = SipServerEffect | ProbeAsked;

/** Of one that nothing tries: nothing is known against it. */
const NO_PROBES = startFitness();

export class LedServer implements Node<LedServerInput, LedServerEffect> {
  readonly #leading: Leading;
  /** Absent where nothing tries whether this process does its work. */
  readonly #watch: FitnessWatch | undefined;
  #configuration: SipServerConfiguration;
  #sent: LedServerEffect[] = [];

  constructor(options: Omit<SipServerOptions, 'isFollowed'>) {
    this.#configuration = options.configuration;
    const { probes } = options.configuration;
    if (options.probe !== undefined && probes !== undefined)
      this.#watch = new FitnessWatch(probes, options.now);
    this.#leading = new Leading(
      new SipServerNode({ ...options, isFollowed: true }),
      (connection, message) =>
        void this.#sent.push({ type: 'send', connection, message: { type: 'Mirror', message } }),
    );
  }

  get server(): SipServerNode {
    return this.#leading.server;
  }

  get #fitness() {
    return this.#watch?.fitness ?? NO_PROBES;
  }

  /** HR1, HR4. */
  report(now: Millis): ServerReport {
    return {
      primary: this.#readiness(now),
      ...{ standby: WITHOUT_MATE, upgrade: WITHOUT_MATE },
      metrics: [
        oneOf('holdfast_role', 'It has no mate, and so is always the primary.', ['primary'], 'primary'),
        gauge('holdfast_acts', 'Whether this process decides and sends.', 1),
        gauge('holdfast_epoch', 'Its own epoch.', this.#leading.epoch),
        unfitMetric(this.#fitness),
        ...peerLagMetrics(this.#leading, now),
        ...siteMetrics(this.server),
      ],
    };
  }

  #readiness(now: Millis): Readiness {
    const { centre } = this.server.parts;
    return centre.isShuttingDown ? notReady('A graceful shutdown goes on.') : ofFitness(this.#fitness, now);
  }

  handle(now: Millis, input: LedServerInput): LedServerEffect[] {
    if (input.type === 'probed') {
      this.#write(believed(now, this.#watch?.probed(now, input) ?? [], this.#leading));
      return this.#out(now);
    }
    if (input.type === 'message' && input.message.type === 'Mirror') {
      const { connection, message } = input;
      if (!this.#leading.hearClient(now, connection, message.message))
        this.#sent.push(RECORDS_REFUSED, { type: 'close', connection, why: NO_SERVER });
      return this.#out(now);
    }
    if (input.type === 'configuration') {
      this.#configuration = input.configuration;
      if (input.configuration.probes !== undefined) this.#watch?.configure(input.configuration.probes, now);
    }
    if (input.type === 'closed') this.#leading.unlinked(input.connection);
    this.#leading.after(now, this.server.handle(now, input));
    return this.#out(now);
  }

  nextDeadline(): Millis | undefined {
    const never = Number.POSITIVE_INFINITY;
    const tried = this.#watch?.nextDeadline() ?? never;
    const next = Math.min(
      this.server.nextDeadline() ?? never,
      this.#leading.nextDeadline(true) ?? never,
      tried,
    );
    return next === never ? undefined : next;
  }

  expire(now: Millis): LedServerEffect[] {
    this.#leading.after(now, this.server.expire(now));
    this.#leading.expire(now);
    this.#tryOut(now);
    return this.#out(now);
  }

  #tryOut(now: Millis): void {
    const watch = this.#watch;
    if (watch === undefined || now < watch.nextDeadline()) return;
    const silenceMs = this.#configuration.probes?.silenceMs ?? Number.POSITIVE_INFINITY;
    for (const effect of watch.expire(now, insideOf(this.#leading, silenceMs, now)))
      if (effect.type === 'probe') this.#sent.push(effect);
      else this.#write(believed(now, [effect], this.#leading));
  }

  #write(lines: readonly LogLine[]): void {
    const { site } = this.#configuration;
    for (const line of lines) this.#sent.push({ type: 'log', line: { ...line, site } });
  }

  #out(now: Millis): LedServerEffect[] {
    const free = this.#leading.release(now);
    const effects = [...this.#sent, ...free];
    this.#sent = [];
    return effects;
  }
}
