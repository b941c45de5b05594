/**
 * The carrier's side: one gateway through which all callers come. It calls the queue at one site after the other
 * and goes on at the next site when one gives no sign, as media gateways do when it dies.
 */
import type { Random } from '@holdfast/kernel';
import { nodeHashes, SipTransports } from '@holdfast/server';
import { type ProcessClock, type RunningNode, runNode } from '@holdfast/shell';
import { type PhoneEffect, type PhoneInput, PhoneNode } from '@holdfast/sip';
import { byeStatusOf, type CallAccount, endOf } from './call-account.ts';
import type { DatagramLine } from './line-quality.ts';
import { RtpStream } from './rtp-stream.ts';
import { LISTEN_EVERY_MS, type SoundAccount } from './sound-account.ts';

export interface CallersOptions {
  readonly clock: ProcessClock;
  readonly random: Random;
  /** Of the gateway: both trunks take calls from it. */
  readonly port: number;
  readonly sites: readonly { readonly site: string; readonly host: string; readonly port: number }[];
  readonly realm: string;
  readonly account: CallAccount;
  readonly sound: SoundAccount;
  /** What goes between the gateway and the sites passes it. */
  readonly line: DatagramLine;
  /** Lines with sound: a call takes the first free line, so that the first so many calls at once have it. */
  readonly withSound: number;
  readonly now: () => number;
}

/**
 * Calls at once beyond those with sound; nobody listens on these ports and nobody speaks to them, they only tell calls
 * apart. They lie outside what systems give to sockets, so that they never are somebody's.
 */
const SILENT_LINES = 4000;
const FIRST_SILENT_LINE = 12_000;
/** Far from the agents' tones. */
const TONE_HZ = 2_500;
/** Callers at once after the lab was late; the others call a little later. */
const CATCH_UP_MAX = 100;
/** How long a site may leave an INVITE without a sign, ms. */
const SITE_ATTEMPT_MS = 1500;
/** How long a caller listens to silence, ms: longer than a BYE takes to come, on a busy machine too. */
const SILENCE_MS = 2000;

export class Callers {
  readonly #options: CallersOptions;
  #transports: SipTransports | undefined;
  #phone: RunningNode<PhoneInput> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #listening: NodeJS.Timeout | undefined;
  /** By their ports. */
  readonly #streams = new Map<number, RtpStream>();
  /** Of each leg: the own port, and that of whom the caller speaks to. */
  readonly #lines = new Map<string, { readonly own: number; to: number | undefined }>();
  /** Of each leg that hears something: the port that it is sent from. */
  readonly #heardFrom = new Map<string, number>();
  /** Port → the present leg at it: a caller who goes on at the next site leaves a leg behind. */
  readonly #legAt = new Map<number, string>();
  /** The answer to a BYE that is being taken in. */
  #byeStatus: number | undefined;
  #next = 0;
  #perSecond = 1;

  constructor(options: CallersOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#listening = setInterval(() => this.#options.sound.listened(), LISTEN_EVERY_MS);
    const { port, clock, random, realm, sites, line } = this.#options;
    this.#transports = await SipTransports.open({
      host: '127.0.0.1',
      port,
      onMessage: (message, source) =>
        line.carry(() => {
          this.#byeStatus = byeStatusOf(message);
          this.#phone?.input({ type: 'sip', message, source });
          this.#byeStatus = undefined;
        }),
      onMalformed: (failure, source) => this.#phone?.input({ type: 'malformed', failure, source }),
      onFailure: (what) => this.#phone?.input({ type: 'transportFailed', ...what }),
      onBroken: (error) => {
        throw error;
      },
    });
    for (let line = 0; line < this.#options.withSound; line++) {
      const stream = await RtpStream.open(TONE_HZ);
      this.#streams.set(stream.port, stream);
    }
    const silent = Array.from({ length: SILENT_LINES }, (_, line) => FIRST_SILENT_LINE + line);
    const phone = new PhoneNode({
      number: 'gateway',
      domain: realm,
      password: '',
      scheme: 'none',
      sites: sites.map(({ site, host, port: sipPort }) => ({
        site,
        registrar: `sip:${host}:${sipPort}`,
        destination: { type: 'target', target: { transport: 'UDP', host, port: sipPort } },
      })),
      hashes: nodeHashes,
      random,
      sentBy: () => ({ host: '127.0.0.1', port }),
      media: { host: '127.0.0.1', ports: [...this.#streams.keys(), ...silent] },
      callAttemptMs: SITE_ATTEMPT_MS,
    });
    this.#phone = runNode<PhoneInput, PhoneEffect>(phone, {
      now: () => clock.now(),
      perform: (effect) => this.#perform(effect),
    });
  }

  #perform(effect: PhoneEffect): void {
    const { account, now, line } = this.#options;
    if (effect.type === 'transmit') return line.carry(() => this.#transports?.transmit(effect));
    if (effect.type === 'media') return this.#speak(effect);
    if (effect.type !== 'phone') return;
    const { fact } = effect;
    if (fact.name === 'dialing') {
      account.offered(now(), fact.leg, fact);
      this.#lines.delete(this.#legAt.get(fact.port) ?? '');
      this.#legAt.set(fact.port, fact.leg);
      this.#lines.set(fact.leg, { own: fact.port, to: undefined });
    }
    if (fact.name === 'progress' || fact.name === 'established') account.taken(now(), fact.leg);
    if (fact.name === 'ended') {
      this.#heardFrom.delete(fact.leg);
      this.#legAt.delete(this.#lines.get(fact.leg)?.own ?? 0);
      this.#lines.delete(fact.leg);
      account.callerEnded(now(), fact.leg, endOf(fact, this.#byeStatus));
    }
  }

  /** Whether a call of ours is at that port, and nobody listens there. */
  isSilentAt(port: number): boolean {
    return this.#legAt.has(port) && !this.#streams.has(port);
  }

  /** How many callers are told to listen to each port: of an announcer, many; of an agent, one. */
  listenersAt(): ReadonlyMap<number, number> {
    const counts = new Map<number, number>();
    for (const port of this.#heardFrom.values()) counts.set(port, (counts.get(port) ?? 0) + 1);
    return counts;
  }

  /** Of the callers with sound who are told to listen there: how many there are, and to how many something has come. */
  soundFrom(port: number): { readonly listening: number; readonly hearing: number } {
    const streams = [...this.#heardFrom].flatMap(([leg, from]) => {
      const stream = this.#streams.get(this.#lines.get(leg)?.own ?? 0);
      return from === port && stream !== undefined ? [stream] : [];
    });
    return {
      listening: streams.length,
      hearing: streams.filter(({ figures }) => figures.received > 0).length,
    };
  }

  #speak({ leg, remote }: Extract<PhoneEffect, { type: 'media' }>): void {
    if (remote === null) this.#heardFrom.delete(leg);
    else this.#heardFrom.set(leg, remote.port);
    const line = this.#lines.get(leg);
    const stream = line === undefined ? undefined : this.#streams.get(line.own);
    if (line === undefined || stream === undefined) return;
    const { sound, now } = this.#options;
    if (line.to !== undefined && line.to !== remote?.port) {
      sound.ended(now(), 'caller', { agent: line.to, caller: line.own }, stream.figures);
    }
    line.to = remote?.port;
    if (remote === null) return stream.stopSending();
    stream.sendToAddress(remote);
    sound.begun(now(), 'caller', { agent: remote.port, caller: line.own }, () => stream.figures);
  }

  /** One call now, to the given number, first at the given site. */
  call(to: string, site: string): void {
    this.#phone?.input({ type: 'command', command: { name: 'call', to, site } });
  }

  /** A person who hears nothing any more hangs up after a while; if the call has ended by then, all the better. */
  hangUpSoon(leg: string): void {
    setTimeout(
      () => this.#phone?.input({ type: 'command', command: { name: 'hangup', leg } }),
      SILENCE_MS,
    ).unref();
  }

  /** Rate of the stream. */
  get perSecond(): number {
    return this.#perSecond;
  }

  /** So many calls a second, these sites in turn; several numbers are called in turn, each at every site. */
  stream(
    perSecond: number,
    numbers: readonly string[] = ['8000'],
    sites: readonly { readonly site: string }[] = this.#options.sites,
  ): void {
    this.stop();
    this.#perSecond = perSecond;
    const { random } = this.#options;
    const dial = () => {
      const turn = this.#next++;
      const site = sites[turn % sites.length]?.site ?? 'north';
      this.call(numbers[Math.floor(turn / sites.length) % numbers.length] ?? '8000', site);
    };
    let dueAt = performance.now();
    const next = () => {
      // Callers do not wait for a lab that is late: all who are due call.
      const now = performance.now();
      for (let due = 0; dueAt <= now && due < CATCH_UP_MAX; due++) {
        dial();
        // Poisson: calls do not know of one another.
        dueAt += (-Math.log(1 - random()) / perSecond) * 1000;
      }
      this.#timer = setTimeout(next, Math.max(0, dueAt - now));
    };
    next();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async close(): Promise<void> {
    this.stop();
    clearInterval(this.#listening);
    this.#phone?.stop();
    for (const stream of this.#streams.values()) stream.close();
    await this.#transports?.close();
  }
}
