/** The callers: one gateway behind the trunks of both sites, with many lines, each a person with some patience. */
import { type Random, randomInteger } from '@holdfast/kernel';
import type { PhoneFact } from '@holdfast/sip';
import { SIP_PORT } from './node-program.ts';
import type { Host, Process } from './process.ts';
import type { RuleCensus } from './rule-census.ts';
import { PhoneProgram } from './whole-phone.ts';
import type { World } from './world.ts';

export interface CallersOptions {
  readonly callsPerSecond: number;
  readonly queues: readonly string[];
  readonly sites: readonly { readonly site: string; readonly host: string }[];
  /** Called now and then instead of a queue: a routing point, extensions. */
  readonly others: readonly string[];
  readonly census: RuleCensus;
  /** Who is not answered gives up within half of it, and nobody talks for longer than that. */
  readonly patienceMaxMs?: number;
  readonly talkMaxMs?: number;
  /** A proxy sends on to the other site what the one does not answer in a call that stands (AD9). */
  readonly isProxied?: boolean;
}

/** Lines of the gateway: more calls at once find no line, as at a real one. */
const LINES_MAX = 1_000;
const PATIENCE_MAX_MS = 90_000;
const TALK_MAX_MS = 40_000;
const OTHERS_SHARE = 0.1;
/** The outside's own number. */
export const OUTSIDE = '555';

export class Callers {
  readonly process: Process;
  offered = 0;
  established = 0;
  ended = 0;
  readonly #world: World;
  readonly #random: Random;
  readonly #options: CallersOptions;
  #isStopped = false;

  constructor(world: World, host: Host, random: Random, options: CallersOptions) {
    this.#world = world;
    this.#random = random;
    this.#options = options;
    const sites = options.sites.map(({ site, host: address }) => ({
      site,
      registrar: `sip:${address}`,
      destination: { type: 'target', target: { transport: 'UDP', host: address, port: SIP_PORT } } as const,
    }));
    this.process = world.addProcess('callers', host, (process, now) => {
      const phone = {
        number: OUTSIDE,
        domain: 'gateway',
        password: '',
        scheme: 'none' as const,
        sites,
        ringingMaxMs: options.patienceMaxMs ?? PATIENCE_MAX_MS,
        // Whoever of the outside is called by an agent answers.
        answerAfterMs: 2_000,
      };
      const told = (_: Process, __: PhoneProgram, fact: PhoneFact) => this.#told(fact);
      return new PhoneProgram(
        process,
        {
          ...{ options: phone, lines: LINES_MAX, census: options.census, hasEarlyMedia: true, told },
          ...(options.isProxied === true && { otherSite: (address) => otherThan(address, options) }),
        },
        now,
      );
    });
    this.#planNext();
  }

  stopAt(at: number): void {
    this.#world.plan(at, () => {
      this.#isStopped = true;
    });
  }

  /** Lines in use. */
  get calls(): number {
    return (this.process.program as PhoneProgram | undefined)?.node.calls ?? 0;
  }

  #planNext(): void {
    const { callsPerSecond } = this.#options;
    if (callsPerSecond <= 0) return;
    const pauseMs = (-Math.log(1 - this.#random()) / callsPerSecond) * 1000;
    this.#world.plan(this.#world.at + pauseMs, () => {
      if (this.#isStopped) return;
      this.#call();
      this.#planNext();
    });
  }

  #call(): void {
    const { others, sites } = this.#options;
    const queues = others.length > 0 && this.#random() < OTHERS_SHARE ? others : this.#options.queues;
    const to = queues[randomInteger(this.#random, 0, queues.length - 1)];
    const site = sites[randomInteger(this.#random, 0, sites.length - 1)]?.site;
    if (to !== undefined && site !== undefined) this.call(to, site);
  }

  /** One more caller, now. */
  call(to: string, site: string): void {
    this.offered++;
    this.#do((phone, now) => phone.tell(now, { type: 'command', command: { name: 'call', to, site } }));
  }

  #told(fact: PhoneFact): void {
    const { patienceMaxMs = PATIENCE_MAX_MS, talkMaxMs = TALK_MAX_MS } = this.#options;
    if (fact.name === 'established') {
      if (fact.direction === 'out') this.established++;
      this.#hangUpAfter(fact.leg, this.#random() * talkMaxMs);
    }
    // Whoever is not answered hangs up some day; a leg that is over refuses the command, which is as good.
    if (fact.name === 'dialing')
      this.#hangUpAfter(fact.leg, patienceMaxMs * (0.1 + 0.4 * this.#random()), true);
    if (fact.name === 'ended') this.ended++;
  }

  #hangUpAfter(leg: string, ms: number, onlyUnanswered = false): void {
    const establishedThen = this.#answered;
    this.#world.plan(this.#world.at + ms, () => {
      if (onlyUnanswered && establishedThen.has(leg)) return;
      this.#do((phone, now) => phone.tell(now, { type: 'command', command: { name: 'hangup', leg } }));
    });
    if (!onlyUnanswered) this.#answered.add(leg);
  }

  readonly #answered = new Set<string>();

  #do(what: (phone: PhoneProgram, now: number) => void): void {
    const { process } = this;
    this.#world.act(process, () => what(process.program as PhoneProgram, process.now()));
  }
}

function otherThan(address: string, { sites }: CallersOptions): string | undefined {
  return sites.find(({ host }) => host !== address)?.host;
}
