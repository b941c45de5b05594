/**
 * One agent's desktop session: the node that a robot, the simulator and the browser run.
 *
 * It owns three links (telephony to either site, configuration to whichever answers) and two decisions of
 * `continuity`: where the agent is logged in (`desk-site`) and in which state it comes back (`restore`). It
 * decides nothing itself: messages become facts, facts go to the decisions, their effects become messages.
 *
 *     configuration-link ── token, configuration ──▶ ┐
 *     telephony-link (preferred) ── facts ─────────▶ ├─ desk-site ── logIn, answerStamp ──▶ telephony-link
 *     telephony-link (peer) ── facts ──────────────▶ ┘      └────── loggedIn ──▶ restore ── ask ──▶ …
 */
import {
  type AgentChoice,
  type DeskSite,
  type DeskSiteEffect,
  type DeskSiteEvent,
  deskSiteDeadline,
  factsOf,
  type SeenState,
  startDeskSite,
  stepDeskSite,
  timeoutsAt,
} from '@holdfast/continuity';
import { type Because, type LogLine, type Millis, must, type Node, type Random } from '@holdfast/kernel';
import type { DeskConfiguration } from '@holdfast/protocol';
import { AgentState } from './agent-state.ts';
import { CallsAtLoss } from './calls-at-loss.ts';
import { type AskWithoutDN, choiceOf, requestOf } from './desk-commands.ts';
import { DeskLinks } from './desk-links.ts';
import type { DeskCommand, DeskEffect, DeskFact, DeskInput, DeskView } from './desk-types.ts';
import { leaseWarning } from './lease-terms.ts';
import { type DeskPolicy, readPolicy } from './policy.ts';
import type { Ask, TelephonyFact, TelephonyLink } from './telephony-link.ts';
import { drawView, isSameView } from './view.ts';

type Start = Extract<DeskInput, { type: 'start' }>;

/** Interaction windows that a desk keeps; one more is refused. */
const WINDOWS_MAX = 64;
const SIGNS_OF_LIFE: ReadonlySet<string> = new Set(['Stamp', 'Ping', 'Pong']);

export class DeskNode implements Node<DeskInput, DeskEffect> {
  readonly #links: DeskLinks;
  #effects: DeskEffect[] = [];
  #now: Millis = 0;
  #start: Start | undefined;
  #startedAt: Millis = 0;
  #configuration: DeskConfiguration | undefined;
  #policy: DeskPolicy | undefined;
  #site: DeskSite | undefined;
  #state: AgentState | undefined;
  /** What the agent chose before the desk was configured. */
  #chosenEarly: AgentChoice | undefined;
  readonly #callsAtLoss = new CallsAtLoss();
  readonly #windows = new Set<string>();
  #notice: string | undefined;
  #isViewStale = false;
  #viewDrawn: DeskView | undefined;
  /** No later than the next deadline, infinity for none; undefined when it has to be computed. */
  #deadline: Millis | undefined;

  constructor(options: { readonly random: Random }) {
    this.#links = new DeskLinks(options.random, {
      emit: (effect) => this.#emit(effect),
      configured: (token, configuration) => this.#configured(token, configuration),
      refused: (text) => this.#cannotStart(text),
      learn: (fact) => this.#learn(fact),
      changed: () => {
        this.#isViewStale = true;
      },
    });
  }

  handle(now: Millis, input: DeskInput): DeskEffect[] {
    this.#now = now;
    const situation = this.#site?.situation;
    this.#put(now, input);
    // Most of what a desk hears only moves deadlines away, as long as it decides nothing: the former one still serves.
    const isSignOfLife = input.type === 'message' && SIGNS_OF_LIFE.has(input.message.type);
    if (!isSignOfLife || this.#site?.situation !== situation) this.#deadline = undefined;
    return this.#take();
  }

  #put(now: Millis, input: DeskInput): void {
    switch (input.type) {
      case 'start':
        return this.#begin(input);
      case 'opened':
        return this.#links.opened(input.connection);
      case 'closed':
      case 'failed':
        return this.#links.broken(now, input.connection, input.how ?? input.type);
      case 'message':
        return this.#links.receive(now, input);
      case 'clockJumped':
        this.#tellSite({ type: 'clock', wallOffsetMs: input.wallOffset });
        return this.#links.doubt(now);
      default:
        this.#command(input);
    }
  }

  nextDeadline(): Millis | undefined {
    this.#deadline ??= this.#earliest();
    return this.#deadline < Number.POSITIVE_INFINITY ? this.#deadline : undefined;
  }

  #earliest(): Millis {
    const never = Number.POSITIVE_INFINITY;
    let next = this.#links.nextDeadline();
    if (this.#site !== undefined) next = Math.min(next, deskSiteDeadline(this.#site) ?? never);
    return Math.min(next, this.#state?.nextDeadline() ?? never);
  }

  expire(now: Millis): DeskEffect[] {
    this.#now = now;
    this.#deadline = this.#earliest();
    if (this.#deadline > now) return [];
    this.#deadline = undefined;
    this.#links.expire(now);
    if (this.#site !== undefined && (deskSiteDeadline(this.#site) ?? Number.POSITIVE_INFINITY) <= now) {
      this.#tellSite({ type: 'expire' });
    }
    this.#state?.tell(now, { type: 'expire' });
    return this.#take();
  }

  #take(): DeskEffect[] {
    this.#drawView();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  // ---- starting ----------------------------------------------------------------------------------------------

  #begin(start: Start): void {
    if (this.#start !== undefined) return;
    this.#start = start;
    this.#startedAt = this.#now;
    this.#isViewStale = true;
    this.#links.connectConfiguration(this.#now, start);
  }

  /** Only the agent or the administrator can mend this: the desk stays out and says so. */
  #cannotStart(text: string): void {
    this.#notice = text;
    this.#isViewStale = true;
    this.#log('error', 'desk cannot start', { because: text });
    if (this.#site === undefined) this.#start = undefined;
  }

  #configured(token: string, configuration: DeskConfiguration): void {
    // DS options take effect when a desk starts; afterwards only the token is new.
    if (this.#site !== undefined) return;
    const reading = readPolicy(configuration);
    if (!reading.ok) return this.#cannotStart(reading.text);
    const start = must(this.#start, 'a desk is started before it is configured');
    const { localData, wallOffset } = start;
    this.#configuration = configuration;
    this.#policy = reading.policy;
    this.#state = new AgentState(reading.policy.restoreAgentState, this.#now, {
      ask: (request, because) => {
        this.#log('info', `desk: asks by ${request.type}`, { because: because.text });
        return this.#ask(request);
      },
    });
    this.#state.tell(this.#now, { type: 'windows', open: this.#windows.size });
    if (this.#chosenEarly !== undefined) this.#choose(this.#chosenEarly);
    const { desk, epochStored: epochHighest, firstLogin } = localData;
    this.#site = startDeskSite(
      { policy: reading.policy.site, desk, wallOffsetMs: wallOffset, epochHighest, firstLogin },
      this.#startedAt,
    );
    for (const site of configuration.sites) {
      if (this.#site.sites[site.site] === undefined) continue;
      this.#links.connectTelephony(this.#now, { start, person: configuration.person.name, token }, site);
    }
    this.#tellSite({ type: 'logIn' });
  }

  // ---- what comes in -----------------------------------------------------------------------------------------

  #learn(fact: TelephonyFact): void {
    switch (fact.type) {
      case 'site':
        if (fact.event.type === 'telephonyOn') this.#fact('connected', fact.event.site);
        return this.#tellSite(fact.event);
      case 'agentState':
        return this.#seen(fact.site, fact.state, fact.isAnswer);
      case 'stateAnswered':
        return this.#state?.tell(this.#now, { type: 'answered' });
      case 'calls':
        return this.#tellBusy();
      case 'terms':
        return this.#checkTerms(fact.site, fact.leaseLengthMs);
      case 'tokenRefused':
        return this.#links.configuration?.logInAgain();
      case 'refused':
        this.#notice = `${fact.asked} was refused at site ${fact.site}: ${fact.text}`;
        this.#isViewStale = true;
        return this.#log('warn', 'request refused', {
          site: fact.site,
          because: `${fact.code}: ${fact.text}`,
        });
      case 'changed':
        this.#isViewStale = true;
        return;
    }
  }

  #seen(site: string, state: SeenState, isAnswer: boolean): void {
    if (this.#servingSite() !== site) return;
    this.#isViewStale = true;
    if (this.#state?.see(this.#now, state, isAnswer)) this.#fact('ready', site);
    this.#tellBusy();
  }

  #command(command: DeskCommand): void {
    this.#isViewStale = true;
    switch (command.type) {
      case 'login':
        return this.#tellSite({ type: 'logIn' });
      case 'logout':
        return this.#tellSite({ type: 'logOut' });
      case 'ready':
      case 'notReady':
        return this.#choose(choiceOf(command));
      case 'answer':
        return this.#emit({ type: 'answerPhone', ConnID: command.ConnID });
      case 'release':
      case 'call':
      case 'attach':
        return void this.#ask(requestOf(command));
      case 'windowOpen':
        if (this.#windows.size < WINDOWS_MAX) this.#windows.add(command.window);
        return this.#tellWindows();
      case 'windowClosed':
        this.#windows.delete(command.window);
        return this.#tellWindows();
      case 'callOver':
        this.#callsAtLoss.callOver(this.#links.telephony());
        return this.#state?.tell(this.#now, { type: 'callOver' });
      case 'move':
        return this.#tellSite({
          type: 'move',
          to: command.to,
          because: { rule: 'DS17', text: `${command.by} asked for the move.` },
        });
      case 'stop':
        this.#tellSite({ type: 'logOut' });
        return this.#links.stop();
    }
  }

  #tellWindows(): void {
    this.#state?.tell(this.#now, { type: 'windows', open: this.#windows.size });
    this.#tellBusy();
  }

  // ---- the decisions -----------------------------------------------------------------------------------------

  #tellSite(event: DeskSiteEvent): void {
    const before = this.#site;
    if (before === undefined) return;
    const { state, effects } = stepDeskSite(before, event, this.#now);
    this.#site = state;
    if (event.type !== 'stamp') this.#isViewStale = true;
    this.#followSituation(before, state);
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: DeskSiteEffect): void {
    const telephony = must(this.#links.telephonyAt(effect.site), 'a decision names a known site');
    switch (effect.type) {
      case 'logIn':
        return this.#logIn(telephony, effect);
      case 'logOut':
        return void telephony.ask({ type: 'AgentLogout', dn: telephony.dn, epoch: effect.epoch });
      case 'answerStamp':
        return telephony.answerStamp(effect.epoch, effect.stamp);
      case 'distrust':
        this.#log('warn', 'connection not trusted', { site: effect.site, because: effect.because.text });
        return telephony.link.distrust(this.#now, effect.because.text);
      case 'decide': {
        const { what, site, because } = effect;
        this.#emit({ type: 'decision', because, what, site });
        this.#log('info', `desk: ${what}`, { site, because: because.text });
        if (what === 'leave' || what === 'return' || what === 'move') this.#fact('decided', site, because);
        return;
      }
    }
  }

  #logIn(telephony: TelephonyLink, order: Extract<DeskSiteEffect, { type: 'logIn' }>): void {
    const { site, epoch, stamp, because } = order;
    if (this.#callsAtLoss.take()) this.#state?.tell(this.#now, { type: 'loginLost', hadCall: true });
    for (const other of this.#links.telephony()) if (other !== telephony) other.forgetCalls();
    this.#emit({ type: 'persist', site, epoch });
    this.#fact('loginSent', site, because);
    const { place } = must(this.#configuration, 'configured');
    telephony.ask({ type: 'AgentLogin', ...telephony.seat, place, token: telephony.token, epoch, stamp });
  }

  /** What a change of the situation means for the agent's state and for the ledger. */
  #followSituation(before: DeskSite, after: DeskSite): void {
    const wasAt = before.situation.name === 'serving' ? before.situation.site : undefined;
    const isAt = after.situation.name === 'serving' ? after.situation.site : undefined;
    if (wasAt === isAt) return;
    if (wasAt !== undefined) this.#leftService(wasAt, after);
    if (isAt !== undefined) this.#cameIntoService(isAt, after);
    this.#tellBusy();
  }

  #leftService(site: string, after: DeskSite): void {
    const { situation } = after;
    this.#state?.leftService(this.#now);
    if (situation.name === 'out') return this.#state?.forget(this.#now, this.#windows.size);
    if (situation.name === 'withdrawing') return;
    if (factsOf(after, site).telephony.name === 'off') {
      this.#callsAtLoss.linkLost(must(this.#links.telephonyAt(site), 'a decision names a known site'));
    }
    this.#fact('detected', site);
  }

  #cameIntoService(site: string, after: DeskSite): void {
    const { epoch } = must(factsOf(after, site).login, 'serving under a login');
    this.#notice = undefined;
    if (this.#state?.cameIntoService(this.#now, epoch)) this.#fact('loggedIn', site);
    else this.#callsAtLoss.take();
  }

  #choose(choice: AgentChoice): void {
    if (this.#state === undefined) this.#chosenEarly = choice;
    this.#state?.tell(this.#now, { type: 'chosen', choice });
  }

  #tellBusy(): void {
    let calls = 0;
    for (const telephony of this.#links.telephony()) calls += telephony.calls.size;
    const afterCallWork = this.#state?.seen?.workMode === 'AfterCallWork';
    this.#tellSite({ type: 'busy', busy: { calls, afterCallWork, openWindows: this.#windows.size } });
  }

  /** LL5: a lease that is longer than a time-out would rule the wait in its place. Told once a connection. */
  #checkTerms(site: string, leaseLengthMs: Millis): void {
    const because = leaseWarning(timeoutsAt(must(this.#policy, 'configured').site, site), leaseLengthMs);
    if (because !== undefined) this.#log('warn', 'lease longer than the site time-out', { site, because });
  }

  // ---- small things ------------------------------------------------------------------------------------------

  /** Asks the site of the login; without one the agent is told. */
  #ask(message: AskWithoutDN): boolean {
    const site = this.#servingSite();
    const telephony = site === undefined ? undefined : this.#links.telephonyAt(site);
    if (telephony?.ask({ ...message, dn: telephony.dn } as Ask)) return true;
    this.#notice = 'Not possible now: the desk is not logged in.';
    this.#isViewStale = true;
    return false;
  }

  #servingSite(): string | undefined {
    const situation = this.#site?.situation;
    return situation?.name === 'serving' ? situation.site : undefined;
  }

  #fact(fact: DeskFact, site: string, because?: Because): void {
    const governedBy = because?.option?.name ?? because?.rule ?? null;
    this.#emit({ type: 'fact', fact, site, governedBy, because: because?.text ?? null });
  }

  #log(level: LogLine['level'], what: string, more: { site?: string; because?: string }): void {
    this.#emit({ type: 'log', line: { level, what, agent: this.#start?.user ?? '', ...more } });
  }

  #emit(effect: DeskEffect): void {
    this.#effects.push(effect);
  }

  #drawView(): void {
    if (!this.#isViewStale) return;
    this.#isViewStale = false;
    const view = drawView({
      user: this.#start?.user ?? '',
      place: this.#start?.place ?? '',
      configuration: this.#configuration,
      site: this.#site,
      agent: this.#state,
      notice: this.#notice,
      configurationLink: this.#links.configuration,
      telephony: [...this.#links.telephony()],
      windows: [...this.#windows],
    });
    if (isSameView(view, this.#viewDrawn)) return;
    this.#viewDrawn = view;
    this.#emit({ type: 'view', view });
  }
}
