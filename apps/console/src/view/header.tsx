import { useMantineColorScheme } from '@mantine/core';
import type { BoardState, LinkState } from '../state/board.ts';
import { isAtWork } from '../state/card-face.ts';
import { TEXTS } from '../texts.ts';
import { Icon } from './icon.tsx';

export interface HeaderProps {
  readonly board: BoardState;
  readonly now: number;
  readonly onHelp: () => void;
  readonly onJoin: () => void;
}

export function Header({ board, now, onHelp, onJoin }: HeaderProps) {
  return (
    <header className="header">
      <h1 className="header-name">
        {TEXTS.product} <span>{TEXTS.tagline}</span>
      </h1>
      <Figures board={board} />
      <div className="header-tools">
        <LinkPill link={board.link} now={now} />
        <button type="button" className="button" onClick={onJoin}>
          <Icon name="talking" /> {TEXTS.join.button}
        </button>
        <button type="button" className="button" onClick={onHelp}>
          <Icon name="help" /> {TEXTS.help.button}
        </button>
        <SchemeSwitch />
      </div>
    </header>
  );
}

function Figures({ board: { snapshot } }: { readonly board: BoardState }) {
  if (snapshot === null) return <div className="figures" />;
  const { agents, sites, calls } = snapshot;
  const atWork = agents.filter((agent) => isAtWork(agent, sites)).length;
  const lost = calls.lost + calls.lostInLine;
  const words = TEXTS.figures;
  return (
    <dl className="figures" aria-label={words.label}>
      <Figure value={words.of(atWork, agents.length)} word={words.atWork} />
      <Figure value={String(calls.talking)} word={words.talking} />
      <Figure value={String(calls.waiting)} word={words.waiting} />
      <Figure value={String(calls.withoutSign)} word={words.withoutSign} meaning={words.withoutSignMeaning} />
      <Figure value={words.of(calls.answered, calls.offered)} word={words.answered} />
      <Figure
        value={String(lost)}
        word={words.lost}
        meaning={words.lostMeaning(calls.lost, calls.lostInLine)}
        isBad={lost > 0}
      />
    </dl>
  );
}

interface FigureProps {
  readonly value: string;
  readonly word: string;
  readonly meaning?: string;
  readonly isBad?: boolean;
}

function Figure({ value, word, meaning, isBad = false }: FigureProps) {
  return (
    <div className="figure" data-bad={isBad} title={meaning}>
      <dt>{word}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function LinkPill({ link, now }: { readonly link: LinkState; readonly now: number }) {
  return (
    <span className="pill" data-link={link.name}>
      <span className="pill-dot" /> {linkWords(link, now)}
    </span>
  );
}

function linkWords(link: LinkState, now: number): string {
  switch (link.name) {
    case 'live':
      return TEXTS.link.live;
    case 'connecting':
      return TEXTS.link.connecting;
    case 'silent':
      return TEXTS.link.silent(Math.floor((now - link.since) / 1000));
    case 'lost':
      return TEXTS.link.gone;
  }
}

const SCHEMES = ['light', 'dark', 'auto'] as const;

function SchemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <fieldset className="switch">
      <legend className="unseen">{TEXTS.scheme.label}</legend>
      {SCHEMES.map((scheme) => (
        <button
          key={scheme}
          type="button"
          className="switch-part"
          aria-pressed={colorScheme === scheme}
          aria-label={TEXTS.scheme[scheme]}
          title={TEXTS.scheme[scheme]}
          onClick={() => setColorScheme(scheme)}
        >
          <Icon name={scheme} />
        </button>
      ))}
    </fieldset>
  );
}
