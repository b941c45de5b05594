/**
 * One agent's desktop session: the node that a robot, the simulator and the browser run.
 *
 * It owns the links (telephony to either site, configuration and statistics at one site each) and two decisions of
 * `continuity`: where the agent is logged in (`desk-site`) and in which state it comes back (`restore`). It decides
 * nothing itself: messages become facts, facts go to the decisions, their effects become messages.
 *
 *     configuration-link ── token, configuration ──▶ ┐
 *     telephony-link (preferred) ── facts ─────────▶ ├─ desk-site ── logIn, answerStamp ──▶ telephony-link
 *     telephony-link (peer) ── facts ──────────────▶ ┘      └────── loggedIn ──▶ restore ── ask ──▶ …
 */
import {
  type DeskSite,
  type DeskSiteEffect,
  type DeskSiteEvent,
  deskSiteDeadline,
  sitesOf,
  startDeskSite,
  stepDeskSite,
} from '@holdfast/continuity';
import { type Millis, must, type Node, type Random } from '@holdfast/kernel';
import { type DeskConfiguration, isDialled } from '@holdfast/protocol';
import { AgentSession } from './agent-session.ts';
import { Alarms } from './alarms.ts';
import { type AskWithoutDN, choiceOf, requestOf } from './desk-commands.ts';
import { DeskLinks } from './desk-links.ts';
import { DeskOutput } from './desk-output.ts';
import type { DeskCommand, DeskEffect, DeskInput } from './desk-types.ts';
import type { DeskView } from './desk-view.ts';
import { EmbeddedEndpoint } from './embedded-endpoint.ts';
import { attendedSite, listenerCalls } from './listeners.ts';
import { LocalData } from './local-data.ts';
import { type MoveOutcome, moveOutcome } from './move-outcome.ts';
import { type DeskPolicy, readPolicy } from './policy.ts';
import type { Ask, TelephonyFact, TelephonyLink } from './telephony-link.ts';
import { TEXTS } from './texts.ts';
import { drawView, isSameView } from './view.ts';
import { Warnings } from './warnings.ts';

type Start = Extract<DeskInput, { type: 'start' }>;

const SIGNS_OF_LIFE: ReadonlySet<string> = new Set(['Stamp', 'Ping', 'Pong']);

export class DeskNode implements Node<DeskInput, DeskEffect> {
  readonly #links: DeskLinks;
  readonly #agent: AgentSession;
  readonly #alarms: Alarms;
  readonly #out = new DeskOutput();
  readonly #warnings = new Warnings((what, because) => this.#out.log('warn', what, { because }));
  #now: Millis = 0;
  #start: Start | undefined;
  #startedAt: Millis = 0;
  #localData: LocalData | undefined;
  #endpoint: EmbeddedEndpoint | undefined;
  #configuration: DeskConfiguration | undefined;
  #policy: DeskPolicy | undefined;
  #site: DeskSite | undefined;
  /** Where the agent worked last, or belongs before the first log-in. */
  #voiceSite: string | undefined;
  #notice: string | undefined;
  #isViewStale = false;
  #viewDrawn: DeskView | undefined;
  /** No later than the next deadline, infinity for none; undefined when it has to be computed. */
  #deadline: Millis | undefined;

  constructor(options: { readonly random: Random }) {
    const changed = () => {
      this.#isViewStale = true;
    };
    this.#alarms = new Alarms((effect) => this.#out.emit(effect));
    this.#agent = new AgentSession({
      ask: (request, because) => {
        this.#out.log('info', `desk: asks by ${request.type}`, { because: because.text });
        return this.#ask(request);
      },
      fact: (fact, site) => this.#out.fact(fact, site),
      telephony: () => this.#links.telephony(),
    });
    this.#links = new DeskLinks(options.random, {
      emit: (effect) => this.#out.emit(effect),
      configured: (token, configuration) => this.#configured(token, configuration),
      refused: (code, text) => {
        if (code === 'password-expired') this.#passwordExpired();
        else this.#cannotStart(TEXTS.keptOut(text), `${code}: ${text}`);
      },
      passwordAnswered: (why) => {
        this.#notice = why === undefined ? TEXTS.passwordSet : TEXTS.passwordNotSet(why);
        changed();
      },
      notYet: (code, text) => {
        if (this.#site === undefined) this.#notice = TEXTS.notLetIn(text);
        this.#out.log('warn', 'not let in by a Configuration Server', { because: `${code}: ${text}` });
        changed();
      },
      learn: (fact) => this.#learn(fact),
      distrusted: (text) => {
        this.#warnings.distrusted(text);
        changed();
      },
      moving: (kind, site, because) => this.#out.decide(`move the ${kind} link`, site, because),
      alarm: (name, told) => {
        this.#alarms.tell(this.#now, name, told);
        this.#out.log(told.isRaised ? 'warn' : 'info', name, { because: told.because.text });
        changed();
      },
      changed,
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
    return Math.min(next, this.#agent.nextDeadline() ?? never);
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
    this.#agent.expire(now);
    return this.#take();
  }

  #take(): DeskEffect[] {
    this.#alarms.report(this.#links.telephony(), this.#servingSite());
    this.#drawView();
    return this.#out.take();
  }

  // ---- starting ----------------------------------------------------------------------------------------------

  #begin(start: Start): void {
    if (this.#start !== undefined) return;
    this.#isViewStale = true;
    const localData = new LocalData(start.localData.bootstrap, start.place);
    if (localData.isPlaceMissing) {
      this.#notice = TEXTS.placeMissing;
      return;
    }
    this.#start = start;
    this.#out.user = start.user;
    this.#startedAt = this.#now;
    this.#localData = localData;
    if (localData.bootstrap.embeddedEndpoint)
      this.#endpoint = new EmbeddedEndpoint((effect) => this.#out.emit(effect));
    const { user, password } = start;
    const { places } = localData;
    this.#links.connectConfiguration(this.#now, { user, password, places }, start.localData);
  }

  /** Only the agent or the administrator can mend this: the desk stays out and says so. */
  #cannotStart(text: string, because = text): void {
    this.#notice = text;
    this.#isViewStale = true;
    this.#out.log('error', 'desk cannot start', { because });
    if (this.#site === undefined) this.#start = undefined;
  }

  /** DS23: it waits for `setPassword`. */
  #passwordExpired(): void {
    this.#notice = TEXTS.passwordExpired;
    this.#isViewStale = true;
    this.#out.log('warn', 'not let in by a Configuration Server', { because: 'the password has expired' });
  }

  #configured(token: string, configuration: DeskConfiguration): void {
    const localData = must(this.#localData, 'a desk is started before it is configured');
    this.#warnings.configured(configuration.warnings, localData.remarks(configuration));
    this.#isViewStale = true;
    const bootstrap = localData.renew(configuration);
    if (bootstrap !== undefined) this.#out.emit({ type: 'bootstrap', bootstrap });
    if (this.#site === undefined) return this.#configuredFirst(token, configuration, localData);
    const reading = readPolicy(configuration, localData.bootstrap);
    if (reading.ok) return this.#configuredAnew(this.#site, token, configuration, reading.policy);
    // What the agent works with goes on.
    this.#out.log('warn', 'the configuration is not taken', { because: reading.text });
    const former = must(this.#configuration, 'a desk that has a site is configured');
    this.#configuredAnew(this.#site, token, former, must(this.#policy, 'configured'));
  }

  /** DS24: at once, also what is being waited for; DS25: another preferred site. */
  #configuredAnew(
    before: DeskSite,
    token: string,
    configuration: DeskConfiguration,
    policy: DeskPolicy,
  ): void {
    const now = this.#now;
    const { desk } = must(this.#start, 'a desk is started before it is configured').localData;
    const { preferredSite } = policy.site;
    this.#configuration = configuration;
    this.#policy = policy;
    this.#agent.configured(now, policy.restoreAgentState, preferredSite);
    this.#endpoint?.configure(policy.registration);
    // Of the sites that are known and those that are to be: what is decided about a site finds its link.
    const sites = [...Object.keys(before.sites), ...sitesOf(policy.site)];
    this.#links.connectSites(now, { policy, desk, token }, configuration, sites);
    this.#tellSite({ type: 'policy', policy: policy.site });
    const isAtHome = this.#servingSite() === preferredSite && before.policy.preferredSite !== preferredSite;
    if (isAtHome) this.#links.voiceAt(now, preferredSite, true);
  }

  #configuredFirst(token: string, configuration: DeskConfiguration, localData: LocalData): void {
    const reading = readPolicy(configuration, localData.bootstrap);
    if (!reading.ok) return this.#cannotStart(reading.text);
    const { policy } = reading;
    const { localData: local, wallOffset } = must(this.#start, 'a desk is started before it is configured');
    this.#notice = undefined;
    this.#configuration = configuration;
    this.#policy = policy;
    this.#voiceSite = policy.site.preferredSite;
    this.#agent.configured(this.#now, policy.restoreAgentState, policy.site.preferredSite);
    const { desk, epochStored: epochHighest, firstLogin } = local;
    this.#site = startDeskSite(
      { policy: policy.site, desk, wallOffsetMs: wallOffset, epochHighest, firstLogin },
      this.#startedAt,
    );
    this.#endpoint?.configure(policy.registration);
    const sites = Object.keys(this.#site.sites);
    this.#links.connectSites(this.#now, { policy, desk, token }, configuration, sites);
    this.#tellSite({ type: 'logIn' });
  }

  // ---- what comes in -----------------------------------------------------------------------------------------

  /** Each site hears of the other as we see it, so that neither takes the other for dead alone. */
  #tellSites(): void {
    for (const to of this.#links.telephony())
      for (const { site, link } of this.#links.telephony())
        if (site !== to.site) to.siteSeen(site, link.isOn);
  }

  #learn(fact: TelephonyFact): void {
    switch (fact.type) {
      case 'site':
        if (fact.event.type === 'telephonyOn') this.#out.fact('connected', fact.event.site);
        if (fact.event.type === 'telephonyOn' || fact.event.type === 'telephonyOff') this.#tellSites();
        if (fact.event.type === 'loggedOut' && fact.event.site === this.#servingSite())
          this.#endpoint?.loggedOut(fact.event);
        return this.#tellSite(fact.event);
      case 'agentState':
        if (this.#servingSite() !== fact.site) return;
        this.#isViewStale = true;
        this.#agent.see(this.#now, fact.site, fact.state, fact.isAnswer);
        return this.#tellBusy();
      case 'stateAnswered':
        return this.#agent.state?.tell(this.#now, { type: 'answered' });
      case 'event': {
        const { site, event } = fact;
        if (site === this.#attendedSite()) this.#out.emit({ type: 'dn', site, event });
        return;
      }
      case 'calls':
        return this.#tellBusy();
      case 'adopted':
        return this.#agent.adopted(this.#now);
      case 'tokenRefused':
        return this.#links.configuration?.logInAgain();
      case 'alarmReported':
        return this.#alarms.reported(fact.name, fact.isRaised);
      case 'moveAsked':
        return this.#moveAsked(fact);
      case 'refused':
        // What the desk tells by itself is no business of the agent.
        if (fact.asked !== 'ReportAlarm') this.#notice = TEXTS.refused(fact);
        this.#isViewStale = true;
        return this.#out.log('warn', 'request refused', {
          site: fact.site,
          because: `${fact.code}: ${fact.text}`,
        });
    }
  }

  #command(command: DeskCommand): void {
    this.#isViewStale = true;
    switch (command.type) {
      case 'login':
        return this.#tellSite({ type: 'logIn' });
      case 'setPassword':
        return this.#links.configuration?.setPassword(this.#now, command.newPassword);
      case 'logout':
        return this.#tellSite({ type: 'logOut' });
      case 'ready':
      case 'notReady':
        return this.#agent.choose(this.#now, choiceOf(command));
      case 'answer':
        return this.#out.emit({ type: 'answerPhone', ConnID: command.ConnID });
      case 'call':
      case 'transfer':
      case 'consult':
        // A site would count it as a malformed message, and cut the link at the third.
        if (isDialled(command.destination)) return void this.#ask(requestOf(command));
        this.#notice = TEXTS.notDialled(command.destination);
        return;
      case 'release':
      case 'completeTransfer':
      case 'attach':
        return void this.#ask(requestOf(command));
      case 'windowOpen':
      case 'windowClosed':
        this.#agent.window(this.#now, command.window, command.type === 'windowOpen');
        return this.#tellBusy();
      case 'callOver':
        return this.#agent.callOver(this.#now);
      case 'move':
        return void this.#move(command.to, TEXTS.asker(command.by));
      case 'stop':
        this.#tellSite({ type: 'logOut' });
        return this.#links.stop();
    }
  }

  /** DS17. Whoever asks in vain is told why. */
  #move(to: string, by: string): MoveOutcome['outcome'] {
    const before = this.#site;
    this.#tellSite({ type: 'move', to, because: { rule: 'DS17', text: TEXTS.moveAskedBy(by) } });
    const outcome = moveOutcome(before, this.#site);
    if (outcome !== 'accepted') this.#notice = TEXTS.moveNotMade(to, this.#site);
    this.#isViewStale = true;
    return outcome;
  }

  /** Through a SIP Server: where the agent is logged in, only through that site's. */
  #moveAsked({ site, asked }: Extract<TelephonyFact, { type: 'moveAsked' }>): void {
    const { ask, to, by } = asked;
    const { user } = this.#out;
    const serving = this.#servingSite();
    const isElsewhere = serving !== undefined && serving !== site;
    const outcome = isElsewhere ? 'declined' : this.#move(to, by);
    const text = isElsewhere
      ? TEXTS.askElsewhere(user, serving)
      : outcome === 'accepted'
        ? TEXTS.moveBegun(user, to)
        : TEXTS.moveNotMade(to, this.#site, user);
    this.#links.telephonyAt(site)?.answerMove(ask, { outcome, text });
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
    // What was performed may have told the decision more.
    if (state.formerSites !== before.formerSites) this.#links.keepSites(Object.keys(this.#site.sites));
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
        this.#out.log('warn', 'connection not trusted', { site: effect.site, because: effect.because.text });
        return telephony.link.distrust(this.#now, effect.because.text);
      case 'decide': {
        const { what, site, because } = effect;
        this.#out.decide(what, site, because);
        if (what === 'leave' || what === 'return' || what === 'move')
          this.#out.fact('decided', site, because);
        return;
      }
    }
  }

  #logIn(telephony: TelephonyLink, order: Extract<DeskSiteEffect, { type: 'logIn' }>): void {
    const { site, epoch, stamp, needsPeer, because } = order;
    this.#agent.logsIn(this.#now, telephony);
    this.#out.emit({ type: 'persist', site, epoch });
    this.#out.fact('loginSent', site, because);
    const hasCall = this.#agent.hasCallAtLostSite;
    const token = { token: telephony.token, ...(needsPeer && { needsPeer }), ...(hasCall && { hasCall }) };
    telephony.ask({ type: 'AgentLogin', ...telephony.seat, ...token, epoch, stamp });
  }

  /** What a change of the situation means for the agent's state, for the lesser links and for the ledger. */
  #followSituation(before: DeskSite, after: DeskSite): void {
    const wasAt = before.situation.name === 'serving' ? before.situation.site : undefined;
    const isAt = after.situation.name === 'serving' ? after.situation.site : undefined;
    if (wasAt === isAt) return;
    if (wasAt !== undefined) {
      const telephony = must(this.#links.telephonyAt(wasAt), 'a decision names a known site');
      this.#agent.leftService(this.#now, telephony, after);
    }
    if (isAt !== undefined) {
      this.#notice = undefined;
      this.#agent.cameIntoService(this.#now, isAt, after);
      if (isAt !== this.#voiceSite) this.#links.voiceAt(this.#now, isAt, isAt === after.policy.preferredSite);
      this.#voiceSite = isAt;
    }
    this.#tellBusy();
  }

  #tellBusy(): void {
    this.#tellSite({ type: 'busy', busy: this.#agent.busy });
  }

  /** Asks the site of the login; without one the agent is told. */
  #ask(message: AskWithoutDN): boolean {
    const site = this.#servingSite();
    const telephony = site === undefined ? undefined : this.#links.telephonyAt(site);
    if (telephony?.ask({ ...message, dn: telephony.dn } as Ask)) return true;
    this.#notice = TEXTS.notLoggedIn;
    this.#isViewStale = true;
    return false;
  }

  #servingSite(): string | undefined {
    const situation = this.#site?.situation;
    return situation?.name === 'serving' ? situation.site : undefined;
  }

  #attendedSite(): string | undefined {
    return attendedSite(this.#site, this.#voiceSite);
  }

  #drawView(): void {
    if (!this.#isViewStale) return;
    this.#isViewStale = false;
    const view = drawView({
      user: this.#start?.user ?? '',
      place: this.#localData?.places[0] ?? '',
      configuration: this.#configuration,
      site: this.#site,
      agent: this.#agent,
      notice: this.#notice,
      warnings: this.#warnings.texts,
      problems: this.#warnings.problems,
      attendedSite: this.#attendedSite(),
      alarms: this.#alarms.raised,
      configurationLink: this.#links.configuration,
      statisticsLink: this.#links.statistics,
      telephony: [...this.#links.telephony()],
    });
    if (isSameView(view, this.#viewDrawn)) return;
    const before = this.#viewDrawn;
    this.#viewDrawn = view;
    this.#out.emit({ type: 'view', view });
    for (const call of listenerCalls(before, view)) this.#out.emit(call);
  }
}
