import {
  FAMILIES,
  FAMILY_LETTERS,
  FAMILY_SHORT,
  KIND_SERVERS,
  KIND_SHORT,
  MARK_MEANINGS,
  MARK_WORDS,
} from '../agent-texts.ts';
import { FACES } from '../state/card-face.ts';
import { LINK_KINDS, MARK_STATES } from '../state/link-marks.ts';
import { FACE_MEANINGS, FACE_WORDS, TEXTS } from '../texts.ts';
import { Icon } from './icon.tsx';
import { Mark } from './link-mark.tsx';

/** The water between the banks: who stands in it is logged in nowhere. */
export function River({ count, hidden }: { readonly count: number; readonly hidden: number }) {
  return (
    <section className="river" aria-label={TEXTS.river}>
      <Waves />
      <div className="river-head">
        <h2>{TEXTS.river}</h2>
        <span>{count === 0 ? TEXTS.riverEmpty : TEXTS.riverCount(count)}</span>
        {hidden > 0 ? <span>{TEXTS.noCard(hidden)}</span> : null}
      </div>
      <div className="legends">
        <MarkLegend />
        <ul className="legend" aria-label={TEXTS.legend}>
          {FACES.map((face) => (
            <li key={face} data-face={face} title={FACE_MEANINGS[face]}>
              <Icon name={face} size={12} /> {FACE_WORDS[face]}
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

/** The links of a desk: shapes say which, and how they are drawn says how it is; and whose desktop it is. */
function MarkLegend() {
  return (
    <>
      <ul className="legend-marks" aria-label={TEXTS.markLegend}>
        {LINK_KINDS.map((kind) => (
          <li key={kind} title={KIND_SERVERS[kind]}>
            <Mark kind={kind} state="on" /> {KIND_SHORT[kind]}
          </li>
        ))}
      </ul>
      <ul className="legend-marks" aria-label={TEXTS.stateLegend}>
        {MARK_STATES.map((state) => (
          <li key={state} title={MARK_MEANINGS[state]}>
            <Mark kind="telephony" state={state} /> {MARK_WORDS[state]}
          </li>
        ))}
      </ul>
      <ul className="legend-marks" aria-label={TEXTS.familyLegend}>
        {FAMILIES.map((family) => (
          <li key={family}>
            <span className="family">{FAMILY_LETTERS[family]}</span> {FAMILY_SHORT[family]}
          </li>
        ))}
      </ul>
    </>
  );
}

function Waves() {
  return (
    <svg className="waves" aria-hidden="true">
      <defs>
        <pattern id="wave" width="56" height="44" patternUnits="userSpaceOnUse">
          <path d="M0 12q7-7 14 0t14 0 14 0 14 0M-14 34q7-7 14 0t14 0 14 0 14 0 14 0" />
        </pattern>
      </defs>
      <rect width="100%" height="140%" fill="url(#wave)" />
    </svg>
  );
}
