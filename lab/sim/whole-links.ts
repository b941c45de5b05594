/**
 * What the loss of a lesser link may and may not do (DS16), seen at each desk: it moves nobody's voice, it moves no
 * link of a third-party desk, and in the Workspace family it moves that link alone, after the time-out. At the end
 * every link stands, and the figures that a desk shows as current are those of the site.
 */
import type { DeskView } from '@holdfast/desk';
import type { Because, Millis } from '@holdfast/kernel';
import type { Check } from './checkers.ts';
import type { RuleCensus } from './rule-census.ts';
import type { Kind } from './whole-kinds.ts';
import type { World } from './world.ts';

type LesserKind = 'configuration' | 'statistics';

export interface LinkWatchOptions {
  readonly dn: string;
  readonly family: Kind['family'];
  /** `disaster-recovery.timeout` of this world. */
  readonly moveAfterMs: Millis;
  readonly census: RuleCensus;
}

export class LinkWatch {
  readonly #world: World;
  readonly #options: LinkWatchOptions;
  #view: DeskView | undefined;
  /** A lesser link has just gone along with the voice, which the next view has to show. */
  #followed: { readonly kind: LesserKind; readonly site: string } | undefined;
  /** Somebody asked for a move in this turn: the agent's hand, or another's over the SIP Server. */
  isAsked = false;

  constructor(world: World, options: LinkWatchOptions) {
    this.#world = world;
    this.#options = options;
  }

  decides(now: Millis, what: string, site: string, because: Because): void {
    const kind = /^move the (configuration|statistics) link$/.exec(what)?.[1] as LesserKind | undefined;
    if (kind !== undefined) return this.#moves(now, kind, site, because);
    if (what === 'move' && !this.isAsked) this.#fail('voice-for-voice-only', `moves to ${site} unasked`);
    if (what !== 'leave' || because.rule !== 'DS8a') return;
    const isOff = this.#link('telephony', site)?.state !== 'on';
    if (!isOff) this.#fail('voice-for-voice-only', `leaves ${site}, whose telephony stands: ${because.text}`);
  }

  sees(view: DeskView): void {
    const followed = this.#followed;
    this.#followed = undefined;
    this.#view = view;
    if (followed !== undefined && view.site !== followed.site)
      this.#fail('lesser-link-stays', `the ${followed.kind} link went to ${followed.site} and the voice not`);
  }

  #moves(now: Millis, kind: LesserKind, to: string, { rule, text }: Because): void {
    const { family, moveAfterMs, census } = this.#options;
    const isThirdParty = family === 'agent-desktop';
    switch (rule) {
      case 'DS5':
        // The start, or a site that was tried on the way and did not answer.
        return;
      case 'DS15':
      case 'DS17':
        this.#followed = { kind, site: to };
        if ((rule === 'DS17') !== isThirdParty) this.#fail('lesser-link-stays', `${family}: ${text}`);
        return;
      case 'DS2': {
        // It came in at a site which is none of this agent's; an agent's sites are those of the voice.
        const from = this.#view?.links.find((one) => one.kind === kind)?.site ?? to;
        if (this.#link('telephony', from) !== undefined)
          this.#fail('lesser-link-stays', `the ${kind} link is sent home from ${from}: ${text}`);
        return;
      }
      default:
    }
    if (isThirdParty) return this.#fail('lesser-link-stays', `third-party, and moves: ${text}`);
    census.count('DS16');
    const link = this.#view?.links.find((one) => one.kind === kind);
    const offMs = link?.state === 'off' ? now - link.since : 0;
    // A desk that was stopped has seen nothing of its own last view.
    if (link?.state === 'off' && link.site !== to && offMs >= moveAfterMs - 1) return;
    this.#fail('lesser-link-stays', `the ${kind} link moves to ${to} after ${offMs} ms: ${text}`);
  }

  #link(kind: DeskView['links'][number]['kind'], site: string) {
    return this.#view?.links.find((one) => one.kind === kind && one.site === site);
  }

  #fail(check: string, detail: string): void {
    this.#world.fail(check, `${this.#options.dn}: ${detail}`);
  }
}

/** Whoever lives long enough has all links back, wherever they stand. */
export function linksStand(
  persons: readonly { readonly dn: string; readonly view: DeskView | undefined }[],
): Check {
  return {
    name: 'links-stand',
    violated: () => {
      const lost = persons.flatMap(({ dn, view }) => {
        const kinds = new Set(view?.links.map(({ kind }) => kind));
        const off = view?.links.filter(({ state }) => state !== 'on') ?? [];
        const missing = kinds.size === 3 ? [] : [`${dn} knows ${kinds.size} kinds of links`];
        return [...missing, ...off.map((link) => `${dn} ${link.kind} at ${link.site} is ${link.state}`)];
      });
      return lost.length === 0 ? undefined : lost.slice(0, 3).join('; ');
    },
  };
}
