import type { BoardAgent } from '@holdfast/protocol';
import { DETAILS, KIND_WORDS, MARK_MEANINGS, MARK_WORDS } from '../agent-texts.ts';
import { LINK_KINDS, markState } from '../state/link-marks.ts';
import { Mark } from './link-mark.tsx';

/** Every link of a desk: telephony to each site, configuration and statistics wherever they stand now. */
export function AgentLinks({ agent, now }: { readonly agent: BoardAgent; readonly now: number }) {
  const links = LINK_KINDS.flatMap((kind) => agent.links.filter((link) => link.kind === kind));
  if (links.length === 0) return <p className="muted">{DETAILS.noLinks}</p>;
  return (
    <table className="links">
      <thead className="unseen">
        <tr>
          {[DETAILS.kind, DETAILS.site, DETAILS.state, DETAILS.since].map((title) => (
            <th key={title} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {links.map((link) => {
          const state = markState(link);
          return (
            <tr key={`${link.kind} ${link.site}`} data-state={state}>
              <th scope="row">
                <Mark kind={link.kind} state={state} /> {KIND_WORDS[link.kind]}
              </th>
              <td>{link.site === '' ? DETAILS.unknownSite : link.site}</td>
              <td title={MARK_MEANINGS[state]}>{MARK_WORDS[state]}</td>
              <td>{DETAILS.linkSince(link, now)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
