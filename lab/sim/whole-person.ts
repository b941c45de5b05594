/**
 * The person at a simulated desk: reads the screen, and wants to work. One who finds the desk NotReady, not held
 * back, presses Ready a moment later, in after-call work when it has lasted for long; one whose desk has given up
 * logs in again; one whose call stood at a lost site says that it is over once the phone is silent (DS14).
 */
import type { DeskInput, DeskView } from '@holdfast/desk';
import { type Random, randomInteger } from '@holdfast/kernel';
import type { Process } from './process.ts';
import type { DeskProgram } from './whole-desk.ts';
import type { Kind } from './whole-kinds.ts';
import type { PhoneProgram } from './whole-phone.ts';
import type { World } from './world.ts';

/** How long a person leaves a desk logged out, or in after-call work, which may be untimed, before pressing a button. */
const PATIENCE_MS = 20_000;

const IMPATIENT_SHARE = 0.2;

/** Where somebody sits: the place with its extension and its phone. */
export interface Seat {
  readonly place: string;
  readonly dn: string;
  readonly phone: Process;
}

export interface PersonAt extends Pick<Kind, 'family'> {
  readonly user: string;
  readonly desk: Process;
  readonly seat: Seat;
}

export class Person {
  readonly desk: Process;
  readonly #world: World;
  readonly #random: Random;
  readonly user: string;
  readonly family: Kind['family'];
  #seat: Seat;
  #view: DeskView | undefined;
  /** Has seen the site lost, and thought about it. */
  #hasSeenLoss = false;
  /** A hand is on its way to the screen. */
  #isReaching = false;
  #isResting = false;

  constructor(world: World, at: PersonAt, random: Random) {
    this.#world = world;
    this.user = at.user;
    this.family = at.family;
    this.desk = at.desk;
    this.#seat = at.seat;
    this.#random = random;
  }

  get view(): DeskView | undefined {
    return this.#view;
  }

  get seat(): Seat {
    return this.#seat;
  }

  get dn(): string {
    return this.#seat.dn;
  }

  get phone(): Process {
    return this.#seat.phone;
  }

  /** From the next start of the desk on (DS20). */
  sitsAt(seat: Seat): void {
    this.#seat = seat;
    this.#view = undefined;
  }

  /** Calls on the person's phone. */
  get phoneCalls(): number {
    return (this.phone.program as PhoneProgram | undefined)?.node.calls ?? 0;
  }

  describe(): string {
    const view = this.#view;
    if (view === undefined) return `${this.dn} has seen nothing`;
    const { state, workMode, site, banner, notice, reasons, calls, isStateHeldBack, phoneAt } = view;
    const more = {
      reasons,
      calls: calls.length,
      onPhone: this.phoneCalls,
      isStateHeldBack,
      phoneAt,
      banner,
      notice,
    };
    return `${this.dn} ${state}/${workMode} at ${site ?? 'no site'} ${JSON.stringify(more)}`;
  }

  /** A phone that tells the desk of its calls says at once that one is over (DS14); others leave that to their agent. */
  phoneFellSilent(): void {
    const { desk } = this;
    if (this.#view?.isStateHeldBack !== true || this.phoneCalls > 0) return;
    this.#world.act(desk, () => (desk.program as DeskProgram).press(desk.now(), { type: 'callOver' }));
  }

  /** From now on presses nothing. */
  rests(): void {
    this.#isResting = true;
  }

  /** Wants to work again. */
  comesBack(): void {
    this.#isResting = false;
    if (this.#view !== undefined) this.sees(this.#view);
  }

  sees(view: DeskView): void {
    this.#view = view;
    this.#leaves(view);
    if (this.#isReaching || this.#wish(view) === undefined) return;
    this.#isReaching = true;
    // Whoever is asked whether the call is over says so when the phone is silent.
    const isPatient = view.site === null || (view.workMode === 'AfterCallWork' && !view.isStateHeldBack);
    const afterMs = isPatient ? PATIENCE_MS : randomInteger(this.#random, 500, 2_000);
    this.#world.plan(this.#world.at + afterMs, () => this.#press());
  }

  /** Some do not wait until their desk leaves a lost site, and move at once (DS17): then LL4 is all that protects them. */
  #leaves({ site, links }: DeskView): void {
    const voice = links.filter(({ kind }) => kind === 'telephony');
    const to = voice.find((link) => link.site !== site && link.state === 'on')?.site;
    const isLost = voice.some((link) => link.site === site && link.state === 'off');
    if (!isLost || to === undefined) {
      this.#hasSeenLoss = false;
      return;
    }
    if (this.#hasSeenLoss) return;
    this.#hasSeenLoss = true;
    if (this.#random() > IMPATIENT_SHARE) return;
    const { desk } = this;
    this.#world.plan(this.#world.at + randomInteger(this.#random, 500, 3_000), () => {
      const move = { type: 'move', to, by: 'agent' } as const;
      this.#world.act(desk, () => (desk.program as DeskProgram).press(desk.now(), move));
    });
  }

  #wish(view: DeskView): DeskInput | undefined {
    if (this.#isResting) return undefined;
    if (view.site === null) return { type: 'login' };
    if (view.state !== 'NotReady' || view.calls.length > 0) return undefined;
    return view.isStateHeldBack ? { type: 'callOver' } : { type: 'ready' };
  }

  #press(): void {
    this.#isReaching = false;
    const view = this.#view;
    const wish = view === undefined ? undefined : this.#wish(view);
    if (view === undefined || wish === undefined) return;
    const { desk } = this;
    if (wish.type === 'callOver' && this.phoneCalls > 0) return this.sees(view);
    this.#world.act(desk, () => (desk.program as DeskProgram).press(desk.now(), wish));
    // The screen may not change by that: look again.
    if (this.#view !== undefined) this.sees(this.#view);
  }
}
