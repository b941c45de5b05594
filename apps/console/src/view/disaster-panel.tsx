import type { BoardLedger } from '@holdfast/protocol';
import { useState } from 'react';
import { exactDuration } from '../state/durations.ts';
import { type Governor, recoveryOf } from '../state/recovery.ts';
import { TEXTS } from '../texts.ts';
import { Icon } from './icon.tsx';
import { RecoveryChart } from './recovery-chart.tsx';

const WORDS = TEXTS.disaster;

/** What the last disaster cost: the time line, the curve, the figures. Earlier ones can be looked up. */
export function DisasterPanel({
  ledgers,
  now,
}: {
  readonly ledgers: readonly BoardLedger[];
  readonly now: number;
}) {
  // How many back from the newest, so that a new disaster is shown unless an older one is being read.
  const [back, setBack] = useState(0);
  const index = Math.max(0, ledgers.length - 1 - back);
  const ledger = ledgers[index];
  if (ledger === undefined) {
    return (
      <section className="panel disaster" aria-label={WORDS.title}>
        <div className="panel-head">
          <h2>{WORDS.none}</h2>
        </div>
        <p className="disaster-none">{WORDS.noneHelp}</p>
      </section>
    );
  }
  const recovery = recoveryOf(ledger, now);
  return (
    <section className="panel disaster" aria-label={WORDS.title}>
      <div className="panel-head">
        <h2>{WORDS.fault(ledger.fault.site, ledger.fault.what)}</h2>
        <span className="muted">{WORDS.ago(now - ledger.fault.at)}</span>
        <span className="disaster-count" data-done={recovery.lanes.ready.length === recovery.concerned}>
          {recovery.concerned === 0
            ? WORDS.nobody
            : WORDS.readyAgain(recovery.lanes.ready.length, recovery.concerned)}
        </span>
        {ledger.waiting === 0 ? null : <span>{WORDS.stillWaiting(ledger.waiting)}</span>}
        {ledgers.length < 2 ? null : (
          <span className="disaster-nth">
            <StepButton
              name="older"
              label={WORDS.older}
              isAllowed={index > 0}
              onPress={() => setBack(ledgers.length - index)}
            />
            {WORDS.nth(index + 1, ledgers.length)}
            <StepButton
              name="newer"
              label={WORDS.newer}
              isAllowed={index < ledgers.length - 1}
              onPress={() => setBack(ledgers.length - index - 2)}
            />
          </span>
        )}
      </div>
      <div className="disaster-body">
        <figure className="disaster-figure">
          <RecoveryChart recovery={recovery} ledger={ledger} />
          <figcaption>{WORDS.caption}</figcaption>
        </figure>
        <Figures ledger={ledger} allowedMs={recovery.allowedMs} governedBy={recovery.governedBy} />
      </div>
    </section>
  );
}

interface StepButtonProps {
  readonly name: 'older' | 'newer';
  readonly label: string;
  readonly isAllowed: boolean;
  readonly onPress: () => void;
}

function StepButton({ name, label, isAllowed, onPress }: StepButtonProps) {
  return (
    <button
      type="button"
      className="button small"
      aria-label={label}
      aria-disabled={!isAllowed}
      onClick={() => {
        if (isAllowed) onPress();
      }}
    >
      <Icon name={name} size={14} />
    </button>
  );
}

const PERCENTILES = ['p50', 'p95', 'p99'] as const;

interface FiguresProps {
  readonly ledger: BoardLedger;
  readonly allowedMs: number | null;
  readonly governedBy: readonly Governor[];
}

function Figures({ ledger: { agents, total, afterWait, waiting }, allowedMs, governedBy }: FiguresProps) {
  const figure = (ms: number | undefined) => (ms === undefined ? WORDS.none_yet : exactDuration(ms));
  return (
    <div className="disaster-figures">
      <table>
        <caption>{WORDS.figures}</caption>
        <thead>
          <tr>
            <td />
            <th scope="col" title={WORDS.totalMeaning}>
              {waiting === 0 ? WORDS.total : WORDS.totalSoFar}
            </th>
            <th scope="col" title={WORDS.afterWaitMeaning}>
              {waiting === 0 || afterWait === null
                ? WORDS.afterWait
                : WORDS.afterWaitOf(agents.length - waiting)}
            </th>
          </tr>
        </thead>
        <tbody>
          {PERCENTILES.map((name) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{figure(total?.[name])}</td>
              <td>{figure(afterWait?.[name])}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {allowedMs === null ? null : (
        <div className="disaster-allowed">
          <span className="swatch" /> {WORDS.allowed} {exactDuration(allowedMs)}
          {governedBy.length === 0 ? '' : `, ${WORDS.governedBy} `}
          {governedBy.map((governor) => (
            <span key={governor.option} className="governor">
              <span>{WORDS.governor(governor)}</span>{' '}
              <span className="muted" title={WORDS.governs(governor.agents)}>
                {WORDS.times(governor.agents)}
              </span>
            </span>
          ))}
        </div>
      )}
    </div>
  );
}
