/**
 * ME4, scripted: for each disaster of the live scenarios mistakes that its own checks have to find in the calm world, and which
 * of them. They are planted in what the shell of a desk tells its node, or in how it starts it.
 */
import type { LinkReply } from '@holdfast/desk';
import { type DeskConfiguration, LOGOUT_REASONS } from '@holdfast/protocol';

/** By scenario, those planted here; `whole-defects.ts` has others that count too. */
export const SCRIPTED_DEFECTS = {
  /** DS12: who was logged out by a supervisor waits for the phone, as if that had cost the login. */
  'supervisor-taken-for-phone': { script: 'logout-causes', check: 'stay-out' },
  /** DS5: after the first attempt at a Configuration Server none is made. */
  'configuration-never-retried': { script: 'start-preferred-dead', check: 'all-at-living-site' },
  /** DS2: a time-out that is unset or 0 counts as ten seconds. */
  'never-is-soon': { script: 'timeouts-never', check: 'no-time-out-decides' },
  /** DS11: the desk does not hear that its phone is back. */
  'phone-back-unheard': { script: 'phone-back-in-time', check: 'back-at-the-same-site' },
  /** DS15: Workspace does not read that it is to stay. */
  'restores-anyway': { script: 'auto-restore-off', check: 'no-desk-returns' },
  /** DS20: the order of the last agent's sites is kept for whoever comes next. */
  'sites-kept': { script: 'hot-seating', check: 'nothing-ever-kept' },
  /** DS20: the place is asked for on the first day only. */
  'place-kept': { script: 'hot-seating', check: 'second-day' },
} as const;
export type ScriptedDefect = keyof typeof SCRIPTED_DEFECTS;

/** What a planted desk takes a message of a server for; `hasWorked` once it has been logged in. */
export function asHeard(defect: string | undefined, message: LinkReply, hasWorked: boolean): LinkReply {
  if (defect === undefined) return message;
  if (message.type === 'LoggedIn' && message.configuration !== undefined)
    return { ...message, configuration: asConfigured(defect, message.configuration) };
  if (message.type !== 'Event') return message;
  const { name, attributes } = message;
  if (defect === 'phone-back-unheard' && hasWorked && name === 'EventDNBackInService')
    return { ...message, name: 'EventDNOutOfService' };
  const reason = attributes.Reasons?.LogoutReason;
  const isOrdered = reason !== undefined && reason !== LOGOUT_REASONS.superseded;
  if (defect !== 'supervisor-taken-for-phone' || name !== 'EventAgentLogout' || !isOrdered) return message;
  const Reasons = { ...attributes.Reasons, LogoutReason: LOGOUT_REASONS.phoneLost };
  return { ...message, attributes: { ...attributes, Reasons } };
}

function asConfigured(defect: string, configuration: DeskConfiguration): DeskConfiguration {
  const { options, sites } = configuration;
  if (defect === 'restores-anyway') {
    const name = 'disaster-recovery.auto-restore';
    return { ...configuration, options: { ...options, [name]: { value: 'true', source: 'default' } } };
  }
  if (defect !== 'never-is-soon') return configuration;
  const soon = { value: '10', source: 'default' };
  const timeouts = { 'site-timeout': soon, 'site-sip-register-timeout': soon };
  return {
    ...configuration,
    sites: sites.map((site) => ({ ...site, options: { ...site.options, ...timeouts } })),
  };
}
