/**
 * The ports of a SIP Server, opened and closed together: those of SIP and that of its clients. A member of a pair has
 * them exactly while it serves, so that phones and clients find whoever is primary and nobody else.
 */
import type { LogLine } from '@holdfast/kernel';
import { type DeskReply, type DeskRequest, deskRequest } from '@holdfast/protocol';
import type { SipAddress, SipServerEffect, SipServerInput } from '@holdfast/servers';
import type { LinkServer } from '@holdfast/shell';
import type { ParseFailure, Source } from '@holdfast/sip';
import { openClientPort } from './client-port.ts';
import { SipTransports } from './io/sip-transports.ts';
import type { Log } from './log.ts';
import type { LogBudget } from './log-budget.ts';
import { CannotRun } from './role.ts';

interface Where {
  readonly host: string;
  readonly port: number;
}

export interface SipServerPortsOptions {
  readonly sip: SipAddress;
  readonly clients: Where;
  readonly log: Log;
  /** What strangers can cause is written within this. */
  readonly strangers: LogBudget;
  input(input: SipServerInput): void;
}

type Transmit = Extract<SipServerEffect, { type: 'transmit' }>;

/** Between two attempts to open a port that is still another's. */
const BIND_PAUSE_MS = 20;
/** Messages that wait for the ports to open; one more is lost, as on the way, and SIP repeats it. */
const WAITING_MAX = 10_000;

interface Opened {
  readonly life: number;
  readonly transports: SipTransports;
  readonly links: LinkServer<DeskReply>;
}

export class SipServerPorts {
  readonly #options: SipServerPortsOptions;
  /** One thing after the other: a port is closed before it is opened again. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Grows with each opening and closing: what sockets of a former life still say concerns nobody. */
  #life = 0;
  #isWanted = false;
  #opened: Opened | undefined;
  readonly #waiting: Transmit[] = [];

  constructor(options: SipServerPortsOptions) {
    this.#options = options;
  }

  /** Rejects with a sentence when a port is not to be had within `patienceMs`. */
  open(patienceMs = 0): Promise<void> {
    this.#life += 1;
    this.#isWanted = true;
    const life = this.#life;
    const giveUpAt = performance.now() + patienceMs;
    return this.#inTurn(() => this.#openAll(life, giveUpAt));
  }

  /** Clients are told in order; phones notice. */
  close(): Promise<void> {
    this.#life += 1;
    this.#isWanted = false;
    this.#waiting.length = 0;
    return this.#inTurn(async () => {
      const opened = this.#opened;
      this.#opened = undefined;
      await Promise.all([opened?.links.stop(), opened?.transports.close()]);
    });
  }

  transmit(effect: Transmit): void {
    const opened = this.#present();
    if (opened !== undefined) return opened.transports.transmit(effect);
    if (this.#isWanted && this.#waiting.length < WAITING_MAX) this.#waiting.push(effect);
  }

  send(connection: string, message: DeskReply): void {
    this.#present()?.links.send(connection, message);
  }

  closeClient(connection: string, why: string): void {
    this.#present()?.links.close(connection, why);
  }

  #present(): Opened | undefined {
    return this.#opened?.life === this.#life ? this.#opened : undefined;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {
      // Whoever asked is told; the next in turn begins afresh.
    });
    return done;
  }

  async #openAll(life: number, giveUpAt: number): Promise<void> {
    const { clients, strangers, input } = this.#options;
    const heard = (value: SipServerInput) => {
      if (life === this.#life) input(value);
    };
    const transports = await this.#patiently(life, giveUpAt, () => this.#openSip(heard));
    if (transports === undefined) return;
    const links = await this.#patiently(life, giveUpAt, () =>
      openClientPort<DeskRequest, DeskReply>({
        ...{ ...clients, schema: deskRequest, strangers },
        input: heard,
      }),
    ).catch(async (error) => {
      await transports.close();
      throw error;
    });
    if (links === undefined) return transports.close();
    this.#opened = { life, transports, links };
    if (life === this.#life) for (const effect of this.#waiting.splice(0)) transports.transmit(effect);
  }

  /** Undefined when it is not wanted any more. */
  async #patiently<Port>(
    life: number,
    giveUpAt: number,
    open: () => Promise<Port>,
  ): Promise<Port | undefined> {
    for (;;) {
      if (life !== this.#life) return undefined;
      try {
        return await open();
      } catch (error) {
        // Another process still has it, or the address is not this machine's yet.
        if (!(error instanceof CannotRun) || performance.now() >= giveUpAt) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, BIND_PAUSE_MS));
    }
  }

  #openSip(input: (input: SipServerInput) => void): Promise<SipTransports> {
    const { sip, strangers, log } = this.#options;
    const { host, port, ...other } = sip;
    return SipTransports.open({
      ...{ host, port, other },
      onLine: log,
      onMessage: (message, source) => input({ type: 'sip', message, source }),
      onMalformed: (failure, source) => {
        strangers.line(malformedLine(failure, source), source.host);
        input({ type: 'sipMalformed', failure, source });
      },
      onCut: (because, remote) =>
        strangers.line(
          {
            level: 'warn',
            what: 'SIP connection cut',
            because,
            detail: { remote: `${remote.host}:${remote.port}` },
          },
          remote.host,
        ),
      onFailure: (what) => input({ type: 'sipFailed', ...what }),
      onBroken: (error) => {
        log({ level: 'error', what: 'SIP socket lost', because: error.message });
        // Without it nothing works: the process ends, and the supervisor starts another.
        throw error;
      },
    }).catch((error) => cannotOpen(sipPort(error, port), host)(error));
  }
}

/** Which of the ports it is. */
function sipPort(error: { readonly transport?: string; readonly port?: number }, port: number): string {
  return error.transport === undefined ? `SIP port ${port}` : `${error.transport} port ${error.port} for SIP`;
}

export function cannotOpen(port: string, host: string): (error: NodeJS.ErrnoException) => never {
  return ({ code, message }) => {
    const why = code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be opened: ${message}`;
    throw new CannotRun(`${port} on ${host} ${why}.`);
  };
}

/** What was wrong with it and who sent it, never what stood in it: that may be a secret, or meant to mislead. */
function malformedLine({ status, field, reason, method }: ParseFailure, source: Source): LogLine {
  const detail = {
    status,
    field,
    transport: source.transport,
    remote: `${source.host}:${source.port}`,
    ...(method === undefined ? {} : { method: method.slice(0, 32) }),
  };
  return { level: 'warn', what: 'malformed SIP message', because: reason.slice(0, 200), detail };
}
