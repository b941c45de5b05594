import { FACES } from '../state/card-face.ts';
import { FACE_MEANINGS, FACE_WORDS, TEXTS } from '../texts.ts';
import { Icon } from './icon.tsx';

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
      <ul className="legend" aria-label={TEXTS.legend}>
        {FACES.map((face) => (
          <li key={face} data-face={face} title={FACE_MEANINGS[face]}>
            <Icon name={face} size={12} /> {FACE_WORDS[face]}
          </li>
        ))}
      </ul>
    </section>
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
