/** In plain words why a client is refused: what is wrong, then what to do. */
import type { PartyRelease } from '@holdfast/centre';
import type { ErrorCode } from '@holdfast/protocol';

export const TOKEN_REFUSED = {
  'token-expired': 'The token has expired. Log in by password at the Configuration Server.',
  'token-invalid': 'The token is forged or malformed. Log in by password at the Configuration Server.',
  'token-revoked': 'The log-in has been revoked. Log in by password at the Configuration Server.',
} as const;

/** Why there is no call: the own phone comes first (SS28). */
export const NO_CALL: Readonly<Record<PartyRelease, { readonly code: ErrorCode; readonly text: string }>> = {
  busy: { code: 'phone-busy', text: 'is busy. End the call there, then call again.' },
  'no-answer': { code: 'phone-no-answer', text: 'was not answered. Pick up when it rings.' },
  rejected: {
    code: 'phone-rejected',
    text: 'refused the call. Check its settings, or pick up when it rings.',
  },
  normal: { code: 'phone-rejected', text: 'hung up.' },
  unreachable: {
    code: 'phone-out-of-service',
    text: 'cannot be reached. Wait until it is registered again.',
  },
  lost: { code: 'phone-out-of-service', text: 'cannot be reached. Wait until it is registered again.' },
};

export function disabled(person: string): string {
  return `${person} is disabled or no Person of this configuration. Ask the administrator.`;
}
