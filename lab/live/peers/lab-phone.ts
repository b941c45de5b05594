/**
 * Our own telephone in front of somebody else's: a phone node on real sockets that sends one tone and listens, and
 * whose facts a test can wait for. With the scheme `none` it is the party behind a trunk.
 */
import type { Random } from '@holdfast/kernel';
import { type DnsClient, nodeHashes, SipTransports, type TlsTrust } from '@holdfast/server';
import { type ProcessClock, type RunningNode, runNode } from '@holdfast/shell';
import {
  type LookupAnswer,
  type PhoneCommand,
  type PhoneEffect,
  type PhoneFact,
  type PhoneInput,
  PhoneNode,
  type PhoneOptions,
  type TransportName,
} from '@holdfast/sip';
import { RtpStream } from '../rtp-stream.ts';
import { until } from './processes.ts';

export interface LabPhoneOptions
  extends Pick<
    PhoneOptions,
    'number' | 'domain' | 'password' | 'scheme' | 'expires' | 'answerAfterMs' | 'registration'
  > {
  /** Its own address; loopback where nothing is said. */
  readonly host?: string;
  /** 0: any. */
  readonly port: number;
  readonly sites: readonly {
    readonly site: string;
    readonly host?: string;
    /** In place of the address: looked up by `dns`. */
    readonly name?: string;
    readonly port: number;
    readonly transport?: TransportName;
  }[];
  /** Whom it believes over TLS. */
  readonly trust?: TlsTrust;
  /** Whom it asks for names; none is found where nobody is given. */
  readonly dns?: DnsClient;
  readonly toneHz: number;
  /** Calls at once; 1 unless told otherwise. */
  readonly lines?: number;
  readonly clock: ProcessClock;
  readonly random: Random;
}

type FactName = PhoneFact['name'];
type FactOf<N extends FactName> = Extract<PhoneFact, { name: N }>;

/** A site may be silent for so long before the next one is called. */
const SITE_ATTEMPT_MS = 1_500;
const LOOPBACK = '127.0.0.1';

export class LabPhone {
  readonly facts: PhoneFact[] = [];
  /** One for each line, by its port. */
  readonly #sounds: readonly RtpStream[];
  readonly #lineOf = new Map<string, RtpStream>();
  readonly #transports: SipTransports;
  readonly #phone: RunningNode<PhoneInput>;
  readonly #dns: DnsClient | undefined;
  #isClosed = false;

  private constructor(
    transports: SipTransports,
    sounds: readonly RtpStream[],
    node: PhoneNode,
    clock: ProcessClock,
    dns: DnsClient | undefined,
  ) {
    this.#transports = transports;
    this.#dns = dns;
    this.#sounds = sounds;
    this.#phone = runNode<PhoneInput, PhoneEffect>(node, {
      now: () => clock.now(),
      perform: (effect) => this.#perform(effect),
    });
  }

  static async open(options: LabPhoneOptions): Promise<LabPhone> {
    let phone: LabPhone | undefined;
    const input = (value: PhoneInput) => phone?.input(value);
    const { host = LOOPBACK } = options;
    const transports = await SipTransports.open({
      host,
      port: options.port,
      other: { dials: options.trust ?? {} },
      onMessage: (message, source) => input({ type: 'sip', message, source }),
      onMalformed: (failure, source) => input({ type: 'malformed', failure, source }),
      onFailure: (what) => input({ type: 'transportFailed', ...what }),
      onBroken: (error) => {
        throw error;
      },
    });
    const { clock, sites, port: _, toneHz, lines = 1, host: __, dns, trust: ___, ...rest } = options;
    const sounds = await Promise.all(Array.from({ length: lines }, () => RtpStream.open(toneHz, host)));
    const [first] = sites;
    const transport: TransportName = first?.transport ?? 'UDP';
    const node = new PhoneNode({
      ...rest,
      transport,
      sites: sites.map(({ site, host: at = LOOPBACK, name, port, transport: over = 'UDP' }) => ({
        site,
        registrar: name === undefined ? `sip:${at}:${port}` : `sip:${name}`,
        destination:
          name === undefined
            ? { type: 'target', target: { transport: over, host: at, port } }
            : { type: 'uri', uri: `sip:${name};transport=${over.toLowerCase()}` },
      })),
      hashes: nodeHashes,
      sentBy: () => ({ host, port: transports.port }),
      media: { host, ports: sounds.map((sound) => sound.port) },
      callAttemptMs: SITE_ATTEMPT_MS,
    });
    phone = new LabPhone(transports, sounds, node, clock, dns);
    return phone;
  }

  get port(): number {
    return this.#transports.port;
  }

  /** That of the first line. */
  get sound(): RtpStream {
    return this.#sounds[0] as RtpStream;
  }

  input(input: PhoneInput): void {
    this.#phone.input(input);
  }

  command(command: PhoneCommand): void {
    this.#phone.input({ type: 'command', command });
  }

  #perform(effect: PhoneEffect): void {
    switch (effect.type) {
      case 'transmit':
        return this.#transports.transmit(effect);
      case 'lookup':
        return this.#lookUp(effect);
      case 'media':
        return this.#turnSound(effect);
      case 'phone':
        this.facts.push(effect.fact);
    }
  }

  #turnSound({ leg, local, remote }: Extract<PhoneEffect, { type: 'media' }>): void {
    const sound = this.#lineOf.get(leg) ?? this.#sounds.find(({ port }) => port === local?.port);
    if (sound === undefined) return;
    if (local === null) this.#lineOf.delete(leg);
    else this.#lineOf.set(leg, sound);
    if (remote === null) sound.stopSending();
    else sound.sendToAddress(remote);
  }

  #lookUp({ id, record, name }: Extract<PhoneEffect, { type: 'lookup' }>): void {
    const answered = (answer: LookupAnswer) => this.input({ type: 'lookedUp', id, answer });
    if (this.#dns === undefined) answered({ type: 'failed', reason: 'no DNS here' });
    else this.#dns.lookup(record, name, answered);
  }

  /** The next fact of that name beyond the first `after` facts. */
  async fact<N extends FactName>(name: N, { after = 0, withinMs = 5_000 } = {}): Promise<FactOf<N>> {
    const find = () => this.facts.slice(after).find((fact) => fact.name === name);
    await until(
      `the phone tells "${name}"; it told ${JSON.stringify(this.facts.slice(after))}`,
      withinMs,
      () => find() !== undefined,
    );
    return find() as FactOf<N>;
  }

  /** Calls and waits until somebody has answered. */
  async call(to: string, site: string, withinMs = 8_000): Promise<FactOf<'established'>> {
    const after = this.facts.length;
    this.command({ name: 'call', to, site });
    const isOver = (fact: PhoneFact) => fact.name === 'established' || fact.name === 'ended';
    await until(`${to} at ${site} answers`, withinMs, () => this.facts.slice(after).some(isOver));
    const fact = this.facts.slice(after).find(isOver);
    if (fact?.name !== 'established')
      throw new Error(
        `the call to ${to} at ${site} came to nothing: ${JSON.stringify(this.facts.slice(after))}`,
      );
    return fact;
  }

  /** Hangs up and waits for the end. */
  async hangUp(): Promise<FactOf<'ended'>> {
    const after = this.facts.length;
    this.command({ name: 'hangup' });
    return this.fact('ended', { after });
  }

  async hears(toneHz: number, withinMs = 5_000): Promise<void> {
    const before = this.sound.figures.received;
    try {
      await until(`${toneHz} Hz is heard`, withinMs, () => this.sound.hears(toneHz));
    } catch (error) {
      // Silence and another sound are two different failures.
      const { received } = this.sound.figures;
      throw new Error(`${(error as Error).message}; ${received - before} packets came`, { cause: error });
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#phone.stop();
    for (const sound of this.#sounds) sound.close();
    await this.#transports.close();
  }
}
