/**
 * What people at simulated desks do of their own accord while the world breaks: breaks, after-call work, windows left
 * open, calls to colleagues and to the outside, holding, ringing phones that nobody takes. None of it is needed to
 * survive a disaster; all of it may be going on when one comes. From the healing on everybody only works.
 */
import type { DeskInput, DeskView } from '@holdfast/desk';
import { type Random, randomInteger } from '@holdfast/kernel';
import type { PhoneCommand, PhoneFact } from '@holdfast/sip';
import type { Process } from './process.ts';
import type { DeskProgram } from './whole-desk.ts';
import { EMERGENCY_NUMBER } from './whole-emergency.ts';
import type { Person } from './whole-person.ts';
import type { PhoneProgram } from './whole-phone.ts';
import type { World } from './world.ts';

export interface HabitsOptions {
  /** Until then; afterwards what was begun is only brought to its end. */
  readonly until: number;
  /** Mean pause between two habits of one person. */
  readonly everyMs: number;
  /** Numbers of colleagues, and one of the outside. */
  readonly dns: readonly string[];
  readonly outside: string;
  readonly queues: readonly string[];
  readonly sites: readonly string[];
}

type Habit = (person: Person, view: DeskView) => void;

/** A trunk, at which nobody answers. */
const NOBODY = 'peer-trunk';
const RINGING_MAX_MS = 30_000;
/** What is begun ends within so long. */
const LASTS_MAX_MS = 20_000;
const HELP_SHARE = 0.3;

export class Habits {
  readonly #world: World;
  readonly #random: Random;
  readonly #options: HabitsOptions;
  readonly #all: readonly Habit[];
  readonly #people: Person[] = [];
  /** Legs of calls that are no business of a queue, until they end. */
  readonly #own = new Set<string>();

  constructor(world: World, random: Random, options: HabitsOptions) {
    this.#world = world;
    this.#random = random;
    this.#options = options;
    this.#all = [
      (person) => this.#tell(person, { type: 'notReady', reason: 'lunch' }),
      (person, view) => {
        if (view.state === 'Ready') this.#tell(person, { type: 'notReady', workMode: 'AfterCallWork' });
      },
      (person) => this.#tell(person, { type: 'ready' }),
      (person) => this.#tell(person, { type: 'logout' }),
      // Thrice, because who works away from home is in the greatest danger (LL8).
      (person, view) => this.#move(person, view),
      (person, view) => this.#move(person, view),
      (person, view) => this.#move(person, view),
      (person) => this.#openWindow(person),
      (person) => this.#attach(person),
      (person) => this.#release(person),
      (person) => this.#hold(person),
      (person) => this.#transfer(person),
      (person) => this.#transferByDesk(person),
      (person) => this.#command(person, { name: 'reject' }),
      (person) => this.#leavePhone(person),
      (person) => this.#takePhoneAway(person),
      (person) => this.#callByDesk(person),
      (person) => this.#dial(person, this.#colleague()),
      (person) => this.#dial(person, this.#options.outside),
      (person) => this.#dial(person, EMERGENCY_NUMBER),
    ];
  }

  follow(person: Person): void {
    this.#people.push(person);
    this.#planNext(person);
  }

  /** Of all times now, some of them need help (PQ4). */
  callForHelp(): void {
    for (const person of this.#people)
      if (this.#random() < HELP_SHARE) this.#later(() => this.#dial(person, EMERGENCY_NUMBER));
  }

  /** Conversations among colleagues, and those that an agent began, end by one of the two hanging up, if need be again. */
  phoneTells(person: Person, fact: PhoneFact): void {
    if (fact.name === 'dialing') {
      this.#own.add(fact.leg);
      // Nobody listens to a ringing tone for ever, and no server is left to end that of a lost site.
      this.#world.plan(this.#world.at + RINGING_MAX_MS, () => this.#hangUp(person, fact.leg));
    }
    if (fact.name === 'ringing' && fact.from !== this.#options.outside) this.#own.add(fact.leg);
    if (fact.name === 'ended') this.#own.delete(fact.leg);
    if (fact.name === 'established' && this.#own.has(fact.leg)) this.#hangUp(person, fact.leg);
  }

  #hangUp(person: Person, leg: string): void {
    this.#later(() => {
      if (!this.#own.has(leg)) return;
      this.#command(person, { name: 'hangup', leg });
      if (person.phone.state === 'paused') this.#hangUp(person, leg);
    });
  }

  #planNext(person: Person): void {
    const at = this.#world.at - Math.log(1 - this.#random()) * this.#options.everyMs;
    if (at > this.#options.until) return;
    this.#world.plan(at, () => {
      const habit = this.#all[Math.floor(this.#random() * this.#all.length)];
      if (person.view !== undefined && habit !== undefined) habit(person, person.view);
      this.#planNext(person);
    });
  }

  #move(person: Person, { site }: DeskView): void {
    const to = this.#options.sites.find((one) => one !== site);
    if (site !== null && to !== undefined) this.#tell(person, { type: 'move', to, by: 'agent' });
  }

  #openWindow(person: Person): void {
    this.#tell(person, { type: 'windowOpen', window: 'case' });
    this.#closeWindow(person);
  }

  /** A desk that is stopped takes no hand; one that has started anew has no windows. */
  #closeWindow(person: Person): void {
    this.#later(() => {
      if (person.desk.state === 'paused') return this.#closeWindow(person);
      this.#tell(person, { type: 'windowClosed', window: 'case' });
    });
  }

  #attach(person: Person): void {
    const ConnID = person.view?.calls[0]?.ConnID;
    const note = String(randomInteger(this.#random, 0, 3));
    if (ConnID !== undefined) this.#tell(person, { type: 'attach', ConnID, userData: { note } });
  }

  #release(person: Person): void {
    const ConnID = person.view?.calls[0]?.ConnID;
    if (ConnID !== undefined) this.#tell(person, { type: 'release', ConnID });
  }

  #hold(person: Person): void {
    this.#command(person, { name: 'hold' });
    this.#later(() => this.#command(person, { name: 'retrieve' }));
  }

  /** To a colleague, a queue, the outside, or nobody at all. */
  #transfer(person: Person): void {
    this.#command(person, { name: 'transfer', to: this.#anybody() });
  }

  #transferByDesk(person: Person): void {
    const ConnID = person.view?.calls[0]?.ConnID;
    if (ConnID !== undefined) this.#tell(person, { type: 'transfer', ConnID, destination: this.#anybody() });
  }

  #anybody(): string {
    const { outside, queues } = this.#options;
    const all = [this.#colleague(), this.#colleague(), ...queues, outside, NOBODY];
    return all[Math.floor(this.#random() * all.length)] ?? NOBODY;
  }

  /** The phone rings and nobody takes it, longer than a queue lets it ring. */
  #leavePhone(person: Person): void {
    this.#command(person, { name: 'answerAfter', ms: null });
    this.#later(() => this.#command(person, { name: 'answerAfter', ms: 1_500 }));
  }

  /** The phone says good-bye, and is back a little later. */
  #takePhoneAway(person: Person): void {
    if (person.phoneCalls > 0) return;
    this.#command(person, { name: 'unregister' });
    this.#bringPhoneBack(person);
  }

  /** One that is stopped takes no hand; one that has started anew registers by itself. */
  #bringPhoneBack(person: Person): void {
    this.#later(() => {
      if (person.phone.state === 'paused') return this.#bringPhoneBack(person);
      this.#command(person, { name: 'register' });
    });
  }

  #callByDesk(person: Person): void {
    this.#tell(person, { type: 'call', destination: this.#colleague() });
  }

  #dial(person: Person, to: string): void {
    if (person.phoneCalls > 0) return;
    this.#command(person, { name: 'call', to });
  }

  #colleague(): string {
    const { dns } = this.#options;
    return dns[Math.floor(this.#random() * dns.length)] ?? this.#options.outside;
  }

  #later(what: () => void): void {
    this.#world.plan(this.#world.at + 2_000 + (LASTS_MAX_MS - 2_000) * this.#random(), what);
  }

  #tell(person: Person, input: DeskInput): void {
    this.#act(person.desk, (process) => (process.program as DeskProgram).press(process.now(), input));
  }

  #command(person: Person, command: PhoneCommand): void {
    this.#act(person.phone, (process) => {
      (process.program as PhoneProgram).tell(process.now(), { type: 'command', command });
    });
  }

  #act(process: Process, what: (process: Process) => void): void {
    this.#world.act(process, () => what(process));
  }
}
