/**
 * A robot agent: a whole desk and a whole phone, the same nodes that a person's desk and phone run, on real
 * sockets. It answers its calls, talks for a while, hangs up, and otherwise does nothing: that is the point. What
 * it does and what happens to it is told to the lab, which keeps the account.
 */
import type {
  Bootstrap,
  DeskCommand,
  DeskEffect,
  DeskView,
  Endpoint,
  RegistrationPeriod,
} from '@holdfast/desk';
import type { Because, Random } from '@holdfast/kernel';
import { nodeHashes, SipTransports } from '@holdfast/server';
import {
  type DeskSession,
  type DeskTap,
  type ProcessClock,
  type RunningNode,
  runNode,
  startDesk,
} from '@holdfast/shell';
import {
  cseqOf,
  headerValue,
  type PhoneEffect,
  type PhoneFact,
  type PhoneInput,
  PhoneNode,
  type PhoneSite,
  type RegistrationOptions,
  type RegistrationScheme,
  type SipMessage,
} from '@holdfast/sip';
import { byeStatusOf } from './call-account.ts';
import type { Family } from './lab-configuration.ts';
import type { DatagramLine } from './line-quality.ts';
import type { Relays } from './relay.ts';
import { RtpStream } from './rtp-stream.ts';
import { pause } from './site-processes.ts';

/** A site that does not answer keeps nobody at work for longer. */
const LEAVE_MAX_MS = 2_000;

export interface RobotOptions {
  readonly agent: string;
  readonly user: string;
  readonly password: string;
  readonly phonePassword: string;
  /** Where seats are hot; else the desk knows it from its bootstrap file or the configuration. */
  readonly place?: string;
  readonly dn: string;
  readonly scheme: RegistrationScheme;
  /** Whose desktop the agent works with (DS1). */
  readonly family: Family;
  readonly home: string;
  readonly peer: string;
  readonly realm: string;
  /** Where the phone registers, the preferred site first. */
  readonly phoneSites: readonly PhoneSite[];
  /** Of the machine that the desk runs on. */
  readonly storage: DeskStorage;
  /** Names this run of the desk (LL7). */
  readonly desk: string;
  readonly firstLogin: 'wait' | 'nothingBefore';
  readonly registerEveryS: number;
  readonly registration: Partial<Omit<RegistrationOptions, 'scheme' | 'targets'>>;
  readonly addpTimeoutMs: number;
  /** Seconds of talk, drawn for each call; the robot hangs up then. */
  readonly talkMs: () => number;
  /** False while everybody has more to say: who would hang up looks again a little later. */
  readonly mayHangUp: () => boolean;
  /** What the robot says. */
  readonly toneHz: number;
  /** Whether nobody listens there: the call is signalling only (ME6), and the robot is silent in it. */
  readonly isSilentAt: (port: number) => boolean;
  readonly clock: ProcessClock;
  readonly random: Random;
  readonly relays: Relays;
  /** What the phone sends and is sent passes it. */
  readonly line: DatagramLine;
  readonly watch: RobotWatch;
}

type PhoneCut = 'both' | 'to-phone';

/** What outlives a desk (LL7, DS20). */
export interface DeskStorage {
  epochStored: number;
  bootstrap: Bootstrap;
}

type Told<Type extends DeskEffect['type']> = Omit<Extract<DeskEffect, { type: Type }>, 'type'>;

/** What the lab sees of a robot, as it happens. */
export interface RobotWatch {
  desk(robot: Robot, fact: Told<'fact'>): void;
  decision(
    robot: Robot,
    decision: { readonly because: Because; readonly what: string; readonly site: string },
  ): void;
  alarm(robot: Robot, alarm: Told<'alarm'>): void;
  view(robot: Robot, view: DeskView, before: DeskView | undefined): void;
  phone(robot: Robot, fact: PhoneFact, byeStatus: number | undefined): void;
  /** The phone's sound goes to this port now: it names the caller. */
  media(robot: Robot, leg: string, remotePort: number | undefined): void;
  /** A stamp that was answered or carried in a log-in: of which server (`host:port`), and its receipt, on the lab's clock. */
  stampPromised(robot: Robot, server: string, receivedAt: number): void;
}

export class Robot {
  readonly options: RobotOptions;
  view: DeskView | undefined;
  /** When something was last heard from each server (`host:port`): silence is counted from there. */
  readonly heardAt = new Map<string, number>();
  /** Until when each SIP Server, by its port, has last granted the phone's registration. */
  readonly boundUntil = new Map<number, number>();
  #desk: DeskSession | undefined;
  #phoneNode: PhoneNode | undefined;
  #phone: RunningNode<PhoneInput> | undefined;
  /** What an embedded endpoint has been told (DS18). */
  #periods: readonly RegistrationPeriod[] = [];
  #transports: SipTransports | undefined;
  #sound: RtpStream | undefined;
  /** Receipt of the newest stamp on each connection, and whose connection it is. */
  readonly #stamps = new Map<string, { readonly server: string; readonly receivedAt: number }>();
  /** The answer to a BYE that is being taken in. */
  #byeStatus: number | undefined;
  #hasBegun = false;
  #onUnregistered: () => void = () => {};
  /** By the port of the SIP Server. */
  readonly #cutFrom = new Map<number, PhoneCut>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(options: RobotOptions) {
    this.options = options;
  }

  get name(): string {
    return this.options.agent;
  }

  get sound(): RtpStream | undefined {
    return this.#sound;
  }

  async start(): Promise<void> {
    await this.#startPhone();
    this.#startDesk();
  }

  async #startPhone(): Promise<void> {
    const { options } = this;
    const { clock, toneHz } = options;
    this.#transports = await SipTransports.open({
      host: '127.0.0.1',
      port: 0,
      onMessage: (message, source) => {
        if (this.#cutFrom.has(source.port)) return;
        options.line.carry(() => {
          const grantedS = grantedSeconds(message);
          if (grantedS !== undefined) this.boundUntil.set(source.port, clock.now() + 1000 * grantedS);
          this.#byeStatus = byeStatusOf(message);
          this.#phone?.input({ type: 'sip', message, source });
          this.#byeStatus = undefined;
        });
      },
      onMalformed: (failure, source) => this.#phone?.input({ type: 'malformed', failure, source }),
      onFailure: (what) => this.#phone?.input({ type: 'transportFailed', ...what }),
      onBroken: (error) => {
        throw error;
      },
    });
    this.#sound = await RtpStream.open(toneHz);
    this.#launchPhone(this.#transports.port, this.#sound.port);
  }

  #launchPhone(port: number, soundPort: number): void {
    const { options } = this;
    this.#phone?.stop();
    const phone = new PhoneNode({
      number: options.dn,
      domain: options.realm,
      password: options.phonePassword,
      scheme: options.scheme,
      sites: options.phoneSites.map((one) => {
        const period = this.#periods.find(({ site }) => site === one.site);
        return period === undefined ? one : { ...one, expires: period.everyMs / 1000 };
      }),
      expires: options.registerEveryS,
      registration: options.registration,
      instance: `urn:uuid:00000000-0000-4000-8000-${options.dn.padStart(12, '0')}`,
      hashes: nodeHashes,
      random: options.random,
      sentBy: () => ({ host: '127.0.0.1', port }),
      media: { host: '127.0.0.1', ports: [soundPort] },
      answerAfterMs: 50,
    });
    this.#phoneNode = phone;
    this.#phone = runNode<PhoneInput, PhoneEffect>(phone, {
      now: () => options.clock.now(),
      perform: (effect) => this.#performPhone(effect),
    });
    this.#phone.input({ type: 'command', command: { name: 'register' } });
  }

  /** DS18: what an embedded endpoint is told holds when it is launched; one in a call is left alone until then. */
  #relaunchPhone(): void {
    if (this.#transports === undefined || this.#sound === undefined) return;
    if (this.#phoneNode?.calls === 0) this.#launchPhone(this.#transports.port, this.#sound.port);
    else this.phoneCommand({ name: 'refresh' });
  }

  /** Datagrams between the phone and that SIP Server are lost from now on, or only those to the phone. */
  cutPhoneFrom(sipPort: number, cut: PhoneCut = 'both'): void {
    this.#cutFrom.set(sipPort, cut);
  }

  joinPhoneTo(sipPort: number): void {
    this.#cutFrom.delete(sipPort);
  }

  #performPhone(effect: PhoneEffect): void {
    switch (effect.type) {
      case 'transmit':
        if (this.#cutFrom.get(effect.target.port) !== 'both')
          this.options.line.carry(() => this.#transports?.transmit(effect));
        return;
      case 'lookup':
        // Robots register at address literals; a name here is a mistake of the lab.
        this.#phone?.input({
          type: 'lookedUp',
          id: effect.id,
          answer: { type: 'failed', reason: 'the lab has no DNS' },
        });
        return;
      case 'media':
        if (effect.remote !== null && !this.options.isSilentAt(effect.remote.port))
          this.#sound?.sendToAddress(effect.remote);
        else this.#sound?.stopSending();
        return this.options.watch.media(this, effect.leg, effect.remote?.port);
      case 'phone':
        this.#onPhone(effect.fact);
        return this.options.watch.phone(this, effect.fact, this.#byeStatus);
    }
  }

  #onPhone(fact: PhoneFact): void {
    if (fact.name === 'established') {
      const hangUp = () => {
        // Whoever was held back has as much to say again, so that hundreds do not hang up in one moment.
        if (!this.options.mayHangUp()) return this.after(this.options.talkMs(), hangUp);
        this.#phone?.input({ type: 'command', command: { name: 'hangup', leg: fact.leg } });
      };
      this.after(this.options.talkMs(), hangUp);
    }
    if (fact.name === 'unregistered') this.#onUnregistered();
    // DS14: the phone reports that the call which stood at the lost site is over.
    if (fact.name === 'ended') this.#desk?.command({ type: 'callOver' });
  }

  #startDesk(): void {
    const { options } = this;
    const { user, password, place, storage, desk, firstLogin, addpTimeoutMs, clock, random, watch } = options;
    this.#desk = startDesk({
      ...{ user, password, desk, firstLogin, addpTimeoutMs, clock, random },
      ...(place === undefined ? {} : { place }),
      bootstrap: storage.bootstrap,
      memory: {
        epochStored: storage.epochStored,
        storeLogin(_site, epoch) {
          storage.epochStored = Math.max(storage.epochStored, epoch.number);
        },
        storeBootstrap(bootstrap) {
          storage.bootstrap = bootstrap;
        },
      },
      tap: this.#tap(),
      listeners: {
        view: (view, before) => {
          this.view = view;
          this.#beginWork(view);
          watch.view(this, view, before);
        },
        decision: (decision) => watch.decision(this, decision),
        fact: (fact) => watch.desk(this, fact),
        alarm: (alarm) => watch.alarm(this, alarm),
        answerPhone: () => this.phoneCommand({ name: 'answer' }),
        restartPhone: () => this.#relaunchPhone(),
        phoneSettings: ({ registration }) => {
          this.#periods = registration;
          this.#relaunchPhone();
        },
      },
    });
  }

  command(command: DeskCommand): void {
    this.#desk?.command(command);
  }

  /** Through the lab's relays; what the account of leases and of silence rests on is noted on the way. */
  #tap(): DeskTap {
    const { clock, relays, watch } = this.options;
    const nameOf = ({ host, port }: Endpoint) => `${host}:${port}`;
    return {
      through: ({ host, port }) => relays.through(host, port),
      received: (connection, server, message) => {
        const now = clock.now();
        this.heardAt.set(nameOf(server), now);
        if (message.type === 'Stamp')
          this.#stamps.set(connection, { server: nameOf(server), receivedAt: now });
      },
      sent: (connection, _server, message) => {
        if (message.type !== 'StampAnswer' && message.type !== 'AgentLogin') return;
        const stamp = this.#stamps.get(connection);
        if (stamp !== undefined) watch.stampPromised(this, stamp.server, stamp.receivedAt);
      },
      closed: (connection) => this.#stamps.delete(connection),
    };
  }

  /** The one thing that a robot does of its own accord: in the morning it makes itself Ready. */
  #beginWork(view: DeskView): void {
    if (this.#hasBegun || view.site === null) return;
    this.#hasBegun = true;
    this.after(0, () => this.command({ type: 'ready' }));
  }

  phoneCommand(command: Extract<PhoneInput, { type: 'command' }>['command']): void {
    this.#phone?.input({ type: 'command', command });
  }

  after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }

  /** Logs out, takes the phone's registrations back, and ends. */
  async leave(): Promise<void> {
    const unregistered = new Promise<void>((resolve) => {
      this.#onUnregistered = resolve;
    });
    const isOut = this.#desk?.stop();
    this.#phone?.input({ type: 'command', command: { name: 'unregister' } });
    await Promise.race([unregistered, pause(LEAVE_MAX_MS)]);
    await isOut;
    await this.stop();
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#desk?.cut();
    this.#phone?.stop();
    this.#sound?.close();
    await this.#transports?.close();
  }
}

/** Of the one contact that a robot's phone registers: not what it asked for (RG9). */
function grantedSeconds(message: SipMessage): number | undefined {
  const isAnswer = message.kind === 'response' && message.status === 200;
  if (!isAnswer || cseqOf(message)?.method !== 'REGISTER') return undefined;
  return Number(/;expires=(\d+)/.exec(headerValue(message, 'contact') ?? '')?.[1] ?? 0);
}
