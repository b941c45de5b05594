import type { LinkKind, LinkMark, MarkState } from '../state/link-marks.ts';

const SHAPES: Readonly<Record<LinkKind, string>> = {
  telephony: 'M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z',
  configuration: 'M3.4 3.4h9.2v9.2H3.4z',
  statistics: 'M8 2.6l5.8 10.2H2.2z',
};
/** The left half, where a mark is half filled. */
const HALVES: Readonly<Record<LinkKind, string>> = {
  telephony: 'M8 3a5 5 0 0 0 0 10z',
  configuration: 'M3.4 3.4H8v9.2H3.4z',
  statistics: 'M8 2.6v10.2H2.2z',
};

export interface MarkProps {
  readonly kind: LinkKind;
  readonly state: MarkState;
  readonly towards?: LinkMark['towards'];
}

/** Words beside it, or unseen, carry the meaning. */
export function Mark({ kind, state, towards = null }: MarkProps) {
  return (
    <svg className="mark-link" data-kind={kind} data-state={state} viewBox="0 0 16 16" aria-hidden="true">
      <path className="mark-shape" d={SHAPES[kind]} />
      {state === 'doubt' ? <path className="mark-half" d={HALVES[kind]} /> : null}
      {state === 'lost' ? <path className="mark-strike" d="M1.2 14.8L14.8 1.2" /> : null}
      {towards === null ? null : (
        <path className="mark-towards" d={towards === 'right' ? 'M17.5 5l3 3-3 3' : 'M-1.5 5l-3 3 3 3'} />
      )}
    </svg>
  );
}
