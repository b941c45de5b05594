/**
 * A wallboard at each site: a client that follows the whole log of events (snapshot, tail, resume by epoch and
 * number), as every follower does (LG1). It stands on a host of its own and outlives the server. What it shows at
 * the end must be what the server holds; what it hears on the way is what the census of rules counts.
 */
import type { Millis } from '@holdfast/kernel';
import {
  comparePositions,
  type DeskReply,
  type DeskRequest,
  type DNSnapshot,
  type Position,
  PROTOCOL_VERSION,
} from '@holdfast/protocol';
import type { Check, RoutingSite } from './checkers.ts';
import type { Address, Process, Program } from './process.ts';
import type { SiteWatch } from './site-watch.ts';
import type { StreamEnd } from './stream.ts';
import type { WholeDefect } from './whole-defects.ts';
import type { SipServerProgram } from './whole-sip-server.ts';
import type { World } from './world.ts';

const RETRY_MS = 1_000;
/** An attempt that has brought no snapshot after so long is given up: the server may be stopped. */
const ATTEMPT_MAX_MS = 5_000;
const ADDP_TIMEOUT_MS = 5_000;
/** Far above what a server's polls allow: a board that heard nothing for so long asks anew. */
const SILENCE_MAX_MS = 4 * ADDP_TIMEOUT_MS;

/** Its machine changes the network so often: the old connection is forgotten, not closed (SS8). Not near the end. */
const ROAM_EVERY_MS = 70_000;
const ROAMS_UNTIL_MS = 150_000;

export interface BoardOptions {
  readonly site: string;
  readonly server: Address;
  readonly token: () => string;
  readonly watch: SiteWatch;
  readonly defect: WholeDefect | undefined;
}

export class BoardProgram implements Program {
  readonly #process: Process;
  readonly #options: BoardOptions;
  #end: StreamEnd | undefined;
  #position: Position | undefined;
  #isCurrent = false;
  #heardAt: Millis;
  #dueAt: Millis;
  #roamAt: Millis;
  /** Who is logged in where, and in which state. */
  readonly #agents = new Map<string, string>();

  constructor(process: Process, options: BoardOptions, now: Millis) {
    this.#process = process;
    this.#options = options;
    this.#heardAt = now;
    this.#dueAt = now;
    this.#roamAt = now + ROAM_EVERY_MS;
  }

  /** Undefined while the board cannot know: it says so itself. */
  get agents(): ReadonlyMap<string, string> | undefined {
    return this.#isCurrent ? this.#agents : undefined;
  }

  nextDeadline(): Millis | undefined {
    return this.#mayRoam() ? Math.min(this.#dueAt, this.#roamAt) : this.#dueAt;
  }

  #mayRoam(): boolean {
    return this.#isCurrent && this.#process.world.at < ROAMS_UNTIL_MS;
  }

  expire(now: Millis): void {
    if (this.#mayRoam() && now >= this.#roamAt) {
      this.#roamAt = now + ROAM_EVERY_MS;
      this.#lost(now);
      this.#dueAt = now;
    }
    if (now < this.#dueAt) return;
    if (this.#end === undefined) {
      this.#end = this.#process.connect(this.#options.server);
      this.#heardAt = now;
      this.#dueAt = now + ATTEMPT_MAX_MS;
      return;
    }
    const silentMs = this.#isCurrent ? SILENCE_MAX_MS : ATTEMPT_MAX_MS;
    if (now >= this.#heardAt + silentMs) {
      this.#end.close();
      return this.#lost(now);
    }
    this.#dueAt = this.#heardAt + silentMs;
  }

  opened(_now: Millis, end: StreamEnd): void {
    if (end !== this.#end) return end.close();
    this.#send({
      type: 'RegisterClient',
      ReferenceID: 1,
      application: 'wallboard',
      session: `board-${this.#options.site}`.padEnd(8, '-'),
      version: PROTOCOL_VERSION,
      token: this.#options.token(),
      addpTimeoutMs: ADDP_TIMEOUT_MS,
      ...(this.#position === undefined ? {} : { resume: this.#position }),
    });
  }

  message(now: Millis, end: StreamEnd, message: unknown): void {
    if (end !== this.#end) return;
    this.#heardAt = now;
    this.#hear(message as DeskReply);
  }

  closed(now: Millis, end: StreamEnd): void {
    if (end === this.#end) this.#lost(now);
  }

  #lost(now: Millis): void {
    this.#end = undefined;
    this.#isCurrent = false;
    this.#dueAt = now + RETRY_MS;
  }

  #hear(message: DeskReply): void {
    switch (message.type) {
      case 'Ping':
        return this.#send({ type: 'Pong', n: message.n });
      case 'ServerState':
        return this.#options.watch.hears(message);
      case 'ServerInfo':
        if (message.resumed) this.#isCurrent = true;
        else this.#send({ type: 'RegisterAll', ReferenceID: 2 });
        return;
      case 'RegisteredAll':
        if (this.#keepsByNumber(message.position)) return;
        this.#position = message.position;
        this.#isCurrent = true;
        this.#agents.clear();
        this.#options.watch.forget();
        for (const snapshot of message.dns) this.#show(snapshot);
        return;
      case 'Event':
        this.#expectNext(message.position);
        if (this.#position !== undefined && this.#compare(message.position, this.#position) <= 0) return;
        this.#position = message.position;
        this.#options.watch.hears(message);
        return this.#follow(message);
      default:
    }
  }

  /** LG1: numbers go on without a gap, also over a takeover, and none is heard twice, also by who comes back. */
  #expectNext({ epoch, number }: Position): void {
    const mine = this.#position;
    if (!this.#isCurrent || mine === undefined || number === mine.number + 1) return;
    // Who takes numbers alone for positions counts otherwise; what becomes of that is seen at the end.
    if (this.#options.defect === 'resume-by-number') return;
    const heard = `${this.#options.site}: event ${number} of epoch ${epoch} after ${mine.number} of ${mine.epoch}`;
    this.#process.world.fail('events-in-order', heard);
  }

  /** The planted defect takes a position for its number alone, as if the log had only one writer for ever. */
  #compare(a: Position, b: Position): number {
    return this.#options.defect === 'resume-by-number' ? a.number - b.number : comparePositions(a, b);
  }

  #keepsByNumber(position: Position): boolean {
    const mine = this.#position;
    if (this.#options.defect !== 'resume-by-number' || mine === undefined) return false;
    this.#isCurrent = true;
    return position.number <= mine.number;
  }

  #show({ dn, agent }: DNSnapshot): void {
    if (agent !== undefined && agent.state !== 'LoggedOut') this.#agents.set(dn, agent.state);
  }

  #follow({ name, attributes }: Extract<DeskReply, { type: 'Event' }>): void {
    const dn = attributes.ThisDN;
    if (name === 'EventAgentLogin') this.#agents.set(dn, 'NotReady');
    else if (name === 'EventAgentReady') this.#agents.set(dn, 'Ready');
    else if (name === 'EventAgentNotReady') this.#agents.set(dn, 'NotReady');
    else if (name === 'EventAgentLogout') this.#agents.delete(dn);
  }

  #send(message: DeskRequest): void {
    this.#end?.send(message);
  }

  datagram(): void {}
  accepted(): void {}
  lookedUp(): void {}
  clockJumped(): void {}
}

/** LG1: at the end every board shows who is logged in at its site and in which state, as the site itself says it. */
export function boardsCurrent(
  boards: readonly { readonly site: RoutingSite; readonly board: Process }[],
  dns: readonly string[],
): Check {
  return {
    name: 'board-current',
    violated: () => {
      for (const { site, board } of boards) {
        const shown = (board.program as BoardProgram | undefined)?.agents;
        if (shown === undefined) return `${board.name} has no connection`;
        const { process } = site;
        const centre = (process.program as SipServerProgram | undefined)?.parts?.centre;
        if (centre === undefined) return `${site.name} has no configuration`;
        for (const dn of dns) {
          const agent = centre.dnSnapshot(dn, process.now())?.agent;
          const held = agent === undefined || agent.state === 'LoggedOut' ? undefined : agent.state;
          if (shown.get(dn) !== held)
            return `${board.name} shows ${shown.get(dn) ?? 'nobody'} on ${dn}, ${site.name} holds ${held ?? 'nobody'}`;
        }
      }
      return undefined;
    },
  };
}

/** The board, on a host of its own beside the server: on the site's network, outside its disasters. */
export function addBoard(world: World, options: BoardOptions, host: ReturnType<World['addHost']>): Process {
  return world.addProcess(
    `board-${options.site}`,
    host,
    (process, now) => new BoardProgram(process, options, now),
  );
}
