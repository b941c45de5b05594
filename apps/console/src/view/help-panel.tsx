import {
  DETAILS,
  FAMILIES,
  FAMILY_LETTERS,
  FAMILY_WORDS,
  KIND_SERVERS,
  KIND_WORDS,
  MARK_MEANINGS,
  MARK_WORDS,
} from '../agent-texts.ts';
import { FACES } from '../state/card-face.ts';
import { LINK_KINDS, MARK_STATES } from '../state/link-marks.ts';
import { FACE_MEANINGS, FACE_WORDS, TEXTS } from '../texts.ts';
import { Dialog } from './dialog.tsx';
import { Icon } from './icon.tsx';
import { Mark } from './link-mark.tsx';
import { Ring } from './ring.tsx';

const WORDS = TEXTS.help;

export function HelpPanel({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  return (
    <Dialog isOpen={isOpen} isWide title={WORDS.title} onClose={onClose}>
      <ul className="help-points">
        {WORDS.points.map((point) => (
          <li key={point}>{point}</li>
        ))}
      </ul>
      <h3 className="help-heading">{WORDS.states}</h3>
      <ul className="help-faces">
        {FACES.map((face) => (
          <li key={face}>
            <span className="help-face" data-face={face}>
              <Icon name={face} />
            </span>
            <b>{FACE_WORDS[face]}</b> {FACE_MEANINGS[face]}
          </li>
        ))}
        <li>
          <span className="help-face">
            <Ring progress={0.7} text="2" />
          </span>
          <b>{TEXTS.waiting}</b> {TEXTS.waitMeaning}
        </li>
      </ul>
      <h3 className="help-heading">{WORDS.links}</h3>
      <ul className="help-marks">
        {LINK_KINDS.map((kind) => (
          <li key={kind}>
            <Mark kind={kind} state="on" />
            <b>{KIND_WORDS[kind]}</b> {KIND_SERVERS[kind]}
          </li>
        ))}
        {MARK_STATES.map((state) => (
          <li key={state}>
            <Mark kind="telephony" state={state} />
            <b>{MARK_WORDS[state]}</b> {MARK_MEANINGS[state]}
          </li>
        ))}
        <li>
          <Mark kind="configuration" state="on" towards="right" />
          <b>{DETAILS.arrow}</b> {DETAILS.arrowMeaning}
        </li>
        <li>
          <span className="card-alarm">
            <Icon name="alarm" size={13} />
          </span>
          <b>{DETAILS.bell}</b> {DETAILS.bellMeaning}
        </li>
        {FAMILIES.map((family) => (
          <li key={family}>
            <span className="family">{FAMILY_LETTERS[family]}</span>
            <b>{FAMILY_WORDS[family]}</b>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
