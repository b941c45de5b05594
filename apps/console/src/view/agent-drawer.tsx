/**
 * One agent alone, in a drawer under the cards: the links, what decides next, and the time line. It is no modal dialog:
 * whoever reads it wants to kill a site and see what this one agent does.
 */
import type { BoardAgent, BoardSite } from '@holdfast/protocol';
import { type ReactNode, useEffect, useRef } from 'react';
import { DETAILS, FAMILY_WORDS, schemeWords } from '../agent-texts.ts';
import type { OpenedAgent } from '../state/board.ts';
import { faceOf, isCutOff } from '../state/card-face.ts';
import { FACE_WORDS, TEXTS } from '../texts.ts';
import { AgentLinks } from './agent-links.tsx';
import { AgentNext } from './agent-next.tsx';
import { ScrollRegion } from './feed.tsx';
import { Icon } from './icon.tsx';
import { TimeLine } from './time-line.tsx';

export interface AgentDrawerProps {
  readonly agent: BoardAgent;
  readonly opened: OpenedAgent;
  readonly sites: readonly BoardSite[];
  /** The lab's wall clock, ms. */
  readonly now: number;
  readonly onClose: () => void;
}

export function AgentDrawer({ agent, opened, sites, now, onClose }: AgentDrawerProps) {
  const drawer = useRef<HTMLElement>(null);
  const opener = useRef<Element | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another agent's drawer is opened anew.
  useEffect(() => {
    if (!drawer.current?.contains(document.activeElement)) opener.current = document.activeElement;
    drawer.current?.focus();
  }, [agent.agent]);
  const close = () => {
    // Whoever has gone on to another button meanwhile stays there.
    const isInside = drawer.current?.contains(document.activeElement) ?? false;
    onClose();
    if (isInside && opener.current instanceof HTMLElement) opener.current.focus();
  };
  useEscape(close);
  const face = faceOf(agent, sites);
  return (
    <section
      ref={drawer}
      role="dialog"
      className="drawer"
      aria-label={DETAILS.name(agent.agent)}
      tabIndex={-1}
    >
      <div className="drawer-head">
        <h2>{agent.agent}</h2>
        <span className="drawer-face" data-face={face}>
          <Icon name={face} size={14} /> {FACE_WORDS[face]}
        </span>
        <span>{placeWords(agent, sites)}</span>
        {agent.family === null ? null : <span className="muted">{FAMILY_WORDS[agent.family]}</span>}
        <button type="button" className="button small" aria-label={DETAILS.close} onClick={close}>
          <Icon name="close" size={14} />
        </button>
      </div>
      <div className="drawer-body">
        <Column title={DETAILS.links}>
          <AgentLinks agent={agent} now={now} />
          <Facts agent={agent} />
        </Column>
        <Column title={DETAILS.next}>
          <AgentNext agent={agent} isCutOff={isCutOff(agent, sites)} now={now} />
        </Column>
        <Column title={DETAILS.line}>
          <TimeLine agent={agent} opened={opened} now={now} />
        </Column>
      </div>
    </section>
  );
}

/** Wherever the focus is; a modal dialog above has its own Escape. */
function useEscape(act: () => void): void {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => {
    const onKeyDown = ({ key }: KeyboardEvent) => {
      if (key === 'Escape' && document.querySelector('dialog[open]') === null) latest.current();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);
}

function Column({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div className="drawer-column">
      <h3>{title}</h3>
      <ScrollRegion label={title}>{children}</ScrollRegion>
    </div>
  );
}

function placeWords(agent: BoardAgent, sites: readonly BoardSite[]): string {
  if (agent.site === null) return DETAILS.nowhere;
  return isCutOff(agent, sites) ? TEXTS.cutOffAt(agent.site) : TEXTS.atSite(agent.site);
}

function Facts({ agent }: { readonly agent: BoardAgent }) {
  const facts: readonly (readonly [string, string])[] = [
    [DETAILS.preferred, agent.preferredSite],
    [DETAILS.phoneAt, agent.phoneAt.length === 0 ? DETAILS.nowhere : agent.phoneAt.join(', ')],
    [DETAILS.scheme, schemeWords(agent.scheme)],
    ...(agent.reason === '' ? [] : [[DETAILS.reason, agent.reason] as const]),
    ...(agent.banner === '' ? [] : [[DETAILS.told, agent.banner] as const]),
  ];
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
