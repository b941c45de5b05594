import type { BoardSite } from '@holdfast/protocol';
import { isLost } from '../state/card-face.ts';
import { wholeDuration } from '../state/durations.ts';
import { TEXTS } from '../texts.ts';
import { Icon } from './icon.tsx';

/** As many callers as fit beside a queue's name; the rest are a number. */
const CALLERS_SHOWN = 4;

export function Queues({ site, now }: { readonly site: BoardSite; readonly now: number }) {
  if (site.queues.length === 0) return <p className="queues muted">{TEXTS.queuesGone}</p>;
  return (
    <ul className="queues" aria-label={TEXTS.queues(site.site)}>
      {site.queues.map((queue) => (
        <li key={queue.dn} className="queue">
          <span className="queue-name">
            {queue.name} <span className="queue-dn">{queue.dn}</span>
          </span>
          <Callers waiting={queue.waiting} now={now} isGone={isLost(site)} />
          {isLost(site) ? null : <Agents queue={queue} />}
        </li>
      ))}
    </ul>
  );
}

function Agents({ queue }: { readonly queue: BoardSite['queues'][number] }) {
  const { agentsFree, agentsInCall, agentsLoggedIn } = queue;
  return (
    <span className="queue-agents" title={TEXTS.queueAgentsMeaning(agentsFree, agentsInCall, agentsLoggedIn)}>
      {TEXTS.queueAgents(agentsFree, agentsInCall)}
    </span>
  );
}

interface CallersProps {
  readonly waiting: BoardSite['queues'][number]['waiting'];
  readonly now: number;
  readonly isGone: boolean;
}

function Callers({ waiting, now, isGone }: CallersProps) {
  if (isGone) return <span className="queue-callers muted">{TEXTS.queueGone}</span>;
  if (waiting.length === 0) return <span className="queue-callers muted">{TEXTS.queueEmpty}</span>;
  return (
    <span className="queue-callers">
      <span className="unseen">{TEXTS.queueWaiting(waiting.length)}</span>
      {waiting.slice(0, CALLERS_SHOWN).map(({ ani, since }) => (
        <span key={`${ani} ${since}`} className="caller" title={TEXTS.callerWaits(ani, now - since)}>
          <Icon name="caller" size={12} /> {wholeDuration(now - since)}
        </span>
      ))}
      {waiting.length > CALLERS_SHOWN ? <b>{TEXTS.moreWaiting(waiting.length - CALLERS_SHOWN)}</b> : null}
    </span>
  );
}
