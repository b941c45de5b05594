/**
 * The three links of a desk as three small marks on a card: a shape for the kind, and how it is drawn for the state,
 * so that nothing is told by colour alone.
 *
 *     telephony ●   configuration ■   statistics ▲        on      filled
 *                                                         doubt   half filled: its server is silent
 *                                                         trying  an outline
 *                                                         lost    an outline, struck through
 */
import type { BoardAgent, BoardDeskLink, BoardSite } from '@holdfast/protocol';

export const LINK_KINDS = ['telephony', 'configuration', 'statistics'] as const;
export type LinkKind = (typeof LINK_KINDS)[number];

export const MARK_STATES = ['on', 'doubt', 'trying', 'lost'] as const;
export type MarkState = (typeof MARK_STATES)[number];

export interface LinkMark {
  readonly kind: LinkKind;
  readonly state: MarkState;
  readonly site: string;
  /** Where the link stands, when that is not the bank of the card. */
  readonly towards: 'left' | 'right' | null;
}

export function markState({ state, health }: Pick<BoardDeskLink, 'state' | 'health'>): MarkState {
  if (state === 'off') return 'lost';
  if (state === 'connecting') return 'trying';
  return health === 'green' ? 'on' : 'doubt';
}

/**
 * One for each kind that the desk has. Of the two telephony links that one which the agent works by: to the bank of
 * the card, or for who is logged out the better of the two.
 */
export function linkMarks(agent: BoardAgent, sites: readonly BoardSite[]): LinkMark[] {
  return LINK_KINDS.flatMap((kind): LinkMark[] => {
    const links = agent.links.filter((link) => link.kind === kind);
    const here = kind === 'telephony' ? links.find(({ site }) => site === agent.site) : undefined;
    const link = here ?? links.toSorted((a, b) => rank(a) - rank(b))[0];
    if (link === undefined) return [];
    const { site } = link;
    return [{ kind, state: markState(link), site, towards: towards(agent, site, sites) }];
  });
}

const rank = (link: BoardDeskLink) => MARK_STATES.indexOf(markState(link));

/** Banks stand side by side: the first to the left. */
function towards(agent: BoardAgent, site: string, sites: readonly BoardSite[]): LinkMark['towards'] {
  const bank = (name: string | null) => sites.findIndex((one) => one.site === name);
  const [from, to] = [bank(agent.site), bank(site)];
  if (from < 0 || to < 0 || from === to) return null;
  return to < from ? 'left' : 'right';
}
