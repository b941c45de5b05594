/**
 * Every refusal that crosses a process, in one table: the code, and what the sender should do next. A person or
 * a program that is refused always learns which of these it was and which thing was concerned.
 */
export const ERROR_CODES = {
  'bad-message': 'The message is malformed; the field is named. Mend the sender.',
  'not-registered': 'Register the DN first (RegisterAddress).',
  'unknown-dn': 'No such DN in the switch of this site. Check the number and the configuration.',
  'not-an-extension': 'Agents log in on DNs of type Extension only. Choose another DN.',
  'unknown-agent-login': 'No such Agent Login in the switch of this site.',
  'unknown-queue': 'No such ACD Queue in the switch of this site.',
  'wrong-password': 'The user name or the password is wrong.',
  'password-expired': 'The password was right and has expired. Set a new one (SetPassword).',
  'password-unfit': 'The new password is not one that may be set; what is missing is named. Choose another.',
  'account-disabled': 'The Person object is disabled. Ask the administrator.',
  'too-many-failures': 'Too many failed log-ins for this user. Wait, then try again.',
  'unknown-application': 'No such Application object in the configuration.',
  'token-invalid': 'The log-in token is forged, malformed or for another person. Log in by password.',
  'token-expired': 'The log-in token has expired. Log in by password.',
  'token-revoked': 'The log-in has been revoked. Log in by password.',
  'phone-out-of-service': 'The phone of this DN is not registered here. Wait for EventDNBackInService.',
  'phone-busy': 'The phone from which the call was to start is busy. End the call there first.',
  'phone-no-answer': 'The phone from which the call was to start was not answered. Pick up when it rings.',
  'phone-rejected': 'The phone from which the call was to start refused it. Check its settings.',
  'already-logged-in': 'Somebody is logged in on this DN already. Log that agent out first.',
  'agent-elsewhere':
    'This agent works at another place or desk with a higher or equal epoch. Log out there first.',
  'epoch-too-low': 'A higher login epoch of this agent is known; it is named. Log in with a higher one.',
  'stale-stamp': 'The log-in carried no fresh stamp of this server. Wait for the next stamp, then log in.',
  'not-logged-in': 'No agent with this epoch is logged in on this DN. Log in with a higher epoch.',
  'not-allowed': 'The sender may not do this (rank, or not its DN).',
  declined: 'The desk that was asked declines, for the reason named. Ask again when that has passed.',
  'wrong-state': 'Not possible in the present state, which is named.',
  'unknown-call': 'No such call on this DN.',
  'peer-silent': 'The other site was to be asked first and has not answered. Wait one lease, then log in.',
  'shutting-down': 'The server is shutting down. Log in at the other site.',
  'not-ready': 'The server has no configuration yet, or is not primary. Try again after a pause.',
  overloaded: 'Too much at once. Try again after the time given.',
  'not-found': 'No such object.',
  'bad-configuration': 'The configuration does not allow it; the objects are named. Ask the administrator.',
  timeout: 'No answer in time.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Whether a token was refused in a way after which the password lets in again. */
export function isTokenRefusal(code: ErrorCode): boolean {
  return code === 'token-invalid' || code === 'token-expired' || code === 'token-revoked';
}
