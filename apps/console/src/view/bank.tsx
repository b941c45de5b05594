import type { BoardAgent, BoardSite } from '@holdfast/protocol';
import type { ReactNode } from 'react';
import { type SiteAlarms, siteAlarms } from '../state/alarms.ts';
import { isAtWork } from '../state/card-face.ts';
import { COMMANDS, type Command, mayPress } from '../state/site-buttons.ts';
import { COMMAND_HELP, COMMAND_RUNNING, COMMAND_WORDS, SITE_MEANINGS, SITE_WORDS, TEXTS } from '../texts.ts';
import { Icon } from './icon.tsx';

export interface BankProps {
  readonly site: BoardSite;
  readonly sites: readonly BoardSite[];
  readonly agents: readonly BoardAgent[];
  readonly now: number;
  readonly isLive: boolean;
  readonly pending: Command | undefined;
  readonly onPress: (command: Command) => void;
  /** What stands at the foot of the bank: its queues. */
  readonly children: ReactNode;
}

export function Bank({ site, sites, agents, now, isLive, pending, onPress, children }: BankProps) {
  const here = agents.filter((agent) => agent.site === site.site);
  const atWork = here.filter((agent) => isAtWork(agent, sites)).length;
  return (
    <section className="bank" data-state={site.state} aria-label={TEXTS.bank(site.site)}>
      <div className="bank-head">
        <div className="bank-title">
          <h2>{site.site}</h2>
          <span className="bank-state" data-state={site.state} title={SITE_MEANINGS[site.state]}>
            <Icon name={site.state} /> {SITE_WORDS[site.state]}{' '}
            {site.state === 'up' ? null : <span className="bank-since">{TEXTS.since(now - site.since)}</span>}
          </span>
        </div>
        <div className="bank-facts">
          <span>
            {TEXTS.agentsHere(atWork, here.length)}, {TEXTS.talkingHere(site.calls)}
          </span>
          <Alarms alarms={siteAlarms(site.site, agents, sites)} />
          <Processes site={site} />
        </div>
        <div className="bank-buttons">
          {COMMANDS.map((command) => (
            <SiteButton
              key={command}
              command={command}
              site={site.site}
              isRunning={pending === command}
              isAllowed={mayPress(command, { state: site.state, isLive, pending })}
              onPress={() => onPress(command)}
            />
          ))}
        </div>
      </div>
      {children}
    </section>
  );
}

/** Nobody moves because of an alarm: it is a bell, not a state of the site. */
function Alarms({ alarms }: { readonly alarms: SiteAlarms | null }) {
  if (alarms === null) return null;
  const meaning = TEXTS.siteAlarmsMeaning(alarms.agents, alarms.names);
  return (
    <span className="bank-alarms" title={meaning}>
      <Icon name="alarm" size={14} /> {TEXTS.siteAlarms(alarms.agents)}
      <span className="unseen">{meaning}</span>
    </span>
  );
}

function Processes({ site }: { readonly site: BoardSite }) {
  return (
    <ul className="processes" aria-label={TEXTS.processes}>
      {site.processes.map(({ name, state, pid }) => (
        <li key={name} data-state={state} title={TEXTS.process(name, SITE_WORDS[state], pid)}>
          <Icon name={state} size={11} />
          {/* The bank says which site it is. */}
          <span>{name.replace(`-${site.site}`, '')}</span>
          <span className="unseen">{SITE_WORDS[state]}</span>
        </li>
      ))}
    </ul>
  );
}

interface SiteButtonProps {
  readonly command: Command;
  readonly site: string;
  readonly isAllowed: boolean;
  readonly isRunning: boolean;
  readonly onPress: () => void;
}

/** `aria-disabled`, not `disabled`: whoever has just pressed it by keyboard keeps the place. */
function SiteButton({ command, site, isAllowed, isRunning, onPress }: SiteButtonProps) {
  return (
    <button
      type="button"
      className="button site-button"
      data-command={command}
      data-running={isRunning}
      aria-disabled={!isAllowed}
      aria-label={`${isRunning ? COMMAND_RUNNING[command] : COMMAND_WORDS[command]} ${site}`}
      title={COMMAND_HELP[command]}
      onClick={() => {
        if (isAllowed) onPress();
      }}
    >
      <Icon name={command} /> {isRunning ? `${COMMAND_RUNNING[command]} …` : COMMAND_WORDS[command]}
    </button>
  );
}
