import { FACES } from '../state/card-face.ts';
import { FACE_MEANINGS, FACE_WORDS, TEXTS } from '../texts.ts';
import { Dialog } from './dialog.tsx';
import { Icon } from './icon.tsx';
import { Ring } from './ring.tsx';

const WORDS = TEXTS.help;

export function HelpPanel({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  return (
    <Dialog isOpen={isOpen} title={WORDS.title} onClose={onClose}>
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
    </Dialog>
  );
}
