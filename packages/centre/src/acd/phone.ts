/**
 * The phone of one DN, as the registrar sees it: registered here or not. Only the change is news.
 */
import type { Transition } from '@holdfast/kernel';

export interface PhoneState {
  readonly inService: boolean;
}

export type PhoneChange = 'EventDNOutOfService' | 'EventDNBackInService';

/** The registrar says again and again that a phone is there; a repeated word changes nothing. */
export function stepPhone(state: PhoneState, inService: boolean): Transition<PhoneState, PhoneChange> {
  if (state.inService === inService) return { state, effects: [] };
  return { state: { inService }, effects: [inService ? 'EventDNBackInService' : 'EventDNOutOfService'] };
}
