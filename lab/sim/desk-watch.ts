/** What the conduct of one desk shows of the rules: decisions, and what it does at a loss of its links. */
import type { Decision } from '@holdfast/continuity';
import type { DeskView, LinkReply, LinkRequest } from '@holdfast/desk';
import type { DeskReply } from '@holdfast/protocol';
import { AgentWatch } from './agent-watch.ts';
import type { RuleCensus } from './rule-census.ts';

export class DeskWatch {
  readonly #census: RuleCensus;
  /** The sites whose telephony has stood in this life of the desk. */
  readonly #stood = new Set<string>();
  readonly #agentAt = new Map<string, AgentWatch>();
  #view: DeskView | undefined;
  #leaves = 0;
  #wasAllDark = false;
  /** A person's hand is on the desk: what it asks for now is not its own idea. */
  isHandOn = false;
  /** The clocks have just jumped apart. */
  isShaken = false;

  constructor(census: RuleCensus) {
    this.#census = census;
  }

  sends(connection: string, message: LinkRequest): void {
    const census = this.#census;
    switch (message.type) {
      case 'StampAnswer':
      case 'Pong':
        return;
      case 'Ping':
        return census.count(this.isShaken ? 'LH4' : 'LH2');
      case 'Open':
        return census.count('CS1');
      case 'LogInByToken':
        return census.count('CS7');
      case 'AgentReady':
      case 'AgentNotReady':
        this.#agent(connection).asks(message);
        if (this.isHandOn) return;
        return census.count(message.reasons?.ReasonCode === 'call-at-lost-site' ? 'DS14' : 'DS13');
      case 'ReleaseCall':
        return census.count('CA10');
      default:
    }
  }

  hears(connection: string, message: LinkReply): void {
    const census = this.#census;
    switch (message.type) {
      case 'Stamp':
        return;
      case 'Registered':
        this.#stood.add(siteOf(connection));
        return;
      case 'LoggedIn':
        // Each answer resolves the preference and finds the seat and the servers of both sites.
        for (const rule of ['CS3', 'DS3', 'DS4', 'DS21']) census.count(rule);
        if (message.configuration?.family === 'agent-desktop') census.count('DS1');
        if ((message.configuration?.warnings.length ?? 0) > 0) census.count('DS22');
        return;
      case 'DeskConfiguration':
        return census.count('CS17');
      case 'Ping':
        if (connection.startsWith('configuration')) census.count('CS10');
        return;
      default:
        if (connection.startsWith('telephony')) this.#agent(connection).hears(message as DeskReply);
    }
  }

  decides(what: string, rule: string): void {
    const census = this.#census;
    census.count(rule);
    if ((what as Decision) === 'leave') this.#leaves++;
    if ((what as Decision) !== 'logIn') return;
    // One cause was complete first, and it alone decided.
    if (this.#leaves === 1) census.count('DS10');
    if (this.#wasAllDark) census.count('DS19');
    this.#leaves = 0;
    this.#wasAllDark = false;
  }

  sees(view: DeskView): void {
    const before = this.#view;
    this.#view = view;
    const voice = view.links.filter((link) => link.kind === 'telephony');
    // DS2: a desk that knows one site only waits for that one.
    const wasOn = before?.links.some((link) => link.kind === 'telephony' && link.state === 'on') === true;
    if (voice.length === 1 && voice[0]?.state === 'off' && wasOn) this.#census.count('DS2');
    if (voice.length > 1 && voice.every((link) => link.state === 'off')) this.#wasAllDark = true;
    if (view.because?.rule === 'RD1' && before?.because?.rule !== 'RD1') this.#census.count('RD1');
    if (view.isUnconfirmed && before?.isUnconfirmed !== true) this.#census.count('LL8');
    const waitsForLease = (one: DeskView | undefined) => one?.wait?.for === 'lease';
    if (waitsForLease(view) && !waitsForLease(before)) this.#census.count('LL5');
  }

  /** A connection is gone: `byDesk`, because the desk itself gave it up. `siteBefore`: where the desk served until now. */
  lost(
    connection: string,
    how: { readonly byDesk: boolean; readonly hasStood: boolean; readonly siteBefore: string | null },
  ): void {
    const census = this.#census;
    const isVoice = connection.startsWith('telephony');
    if (isVoice && !this.#stood.has(siteOf(connection))) census.count('DS6');
    if (how.hasStood) census.count(how.byDesk ? 'LH3' : 'LH1');
    const { siteBefore } = how;
    if (siteBefore === null || this.#view?.site !== siteBefore) return;
    if (isVoice && siteOf(connection) !== siteBefore) census.count('DS7');
  }

  #agent(connection: string): AgentWatch {
    const site = siteOf(connection);
    const agent = this.#agentAt.get(site) ?? new AgentWatch(this.#census);
    this.#agentAt.set(site, agent);
    return agent;
  }
}

/** `telephony:north#7` is the seventh connection to north. */
function siteOf(connection: string): string {
  return /^telephony:([^#]+)#/.exec(connection)?.[1] ?? '';
}
