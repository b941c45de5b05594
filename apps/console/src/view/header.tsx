import { useMantineColorScheme } from '@mantine/core';
import type { BoardState } from '../state/board.ts';
import { faceOf, isAtWork } from '../state/card-face.ts';
import { TEXTS } from '../texts.ts';
import { Icon } from './icon.tsx';

export interface HeaderProps {
  readonly board: BoardState;
  readonly onHelp: () => void;
  readonly onJoin: () => void;
}

export function Header({ board, onHelp, onJoin }: HeaderProps) {
  return (
    <header className="header">
      <h1 className="header-name">
        {TEXTS.product} <span>{TEXTS.tagline}</span>
      </h1>
      <Figures board={board} />
      <div className="header-tools">
        <LinkPill board={board} />
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
  const atWork = agents.filter((agent) => isAtWork(faceOf(agent, sites))).length;
  const words = TEXTS.figures;
  return (
    <dl className="figures" aria-label={words.label}>
      <Figure value={words.of(atWork, agents.length)} word={words.atWork} />
      <Figure value={String(calls.talking)} word={words.talking} />
      <Figure value={String(calls.waiting)} word={words.waiting} />
      <Figure value={words.of(calls.answered, calls.offered)} word={words.answered} />
      <Figure value={String(calls.lost)} word={words.lost} isBad={calls.lost > 0} />
    </dl>
  );
}

function Figure({
  value,
  word,
  isBad = false,
}: {
  readonly value: string;
  readonly word: string;
  readonly isBad?: boolean;
}) {
  return (
    <div className="figure" data-bad={isBad}>
      <dt>{word}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function LinkPill({ board: { link } }: { readonly board: BoardState }) {
  const words = { live: TEXTS.link.live, connecting: TEXTS.link.connecting, lost: TEXTS.link.gone };
  return (
    <span className="pill" data-link={link.name}>
      <span className="pill-dot" /> {words[link.name]}
    </span>
  );
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
