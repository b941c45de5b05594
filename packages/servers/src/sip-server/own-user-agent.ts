/** The user agent of a SIP Server, and what is answered to a request that is neither a call's nor a phone's. */
import {
  ALLOW_DEFAULT,
  contactsOf,
  createResponse,
  LEGS_MAX,
  type SipRequest,
  type SipResponse,
  SipUserAgent,
} from '@holdfast/sip';
import { EMERGENCY_CALLS_MAX } from './call-admission.ts';
import { CALLS_MAX, type CallControl } from './call-control.ts';
import { ALLOW } from './call-relay.ts';
import type { SipServerConfiguration } from './configuration.ts';
import { ownContact } from './gateway-contact.ts';
import type { Registrations } from './registrations.ts';
import type { SipServerOptions } from './sip-server-options.ts';

/** Asked when it is at work: made before them, it is what they are made with. */
export interface UserAgentParts {
  sessionTimer(): SipServerConfiguration['sessionTimer'];
  registrations(): Registrations;
  calls(): CallControl;
}

export function ownUserAgent(
  { random, isFollowed, callsMax, sentBy, sipName }: SipServerOptions,
  { sessionTimer, registrations, calls }: UserAgentParts,
): SipUserAgent {
  return new SipUserAgent({
    random,
    isFollowed: isFollowed === true,
    legsMax: LEGS_MAX + 2 * EMERGENCY_CALLS_MAX,
    // As many as may wait unanswered, and room beside them for what is answered at once: else a full house of ringing
    // calls would have an emergency call refused before anybody has seen its number (PQ4).
    limits: { pendingMax: (callsMax ?? CALLS_MAX) + 2 * EMERGENCY_CALLS_MAX },
    sentBy,
    contact: (transport) =>
      ownContact(sipName === undefined ? sentBy(transport) : { host: sipName }, transport),
    // SS81: a phone that is told so offers it to whoever uses it.
    allow: [...ALLOW_DEFAULT, 'REFER'],
    tellsStrays: true,
    sessionTimer,
    overload: {
      isObeyed: (target) => calls().overload.isObeyed(target),
      heard: (now, target, feedback) => calls().overload.heard(now, target, feedback),
      told: (now, request, source) => calls().overload.told(now, request, source),
    },
    screen: (now, request, source) => {
      if (asksForSips(request)) return SIPS_REFUSED;
      if (request.method === 'REGISTER') return registrations().screen(now, request, source);
      return request.method === 'INVITE' ? calls().screen(now, request, source) : undefined;
    },
  });
}

/**
 * TR4: `sips` asks that every hop to the person be protected (RFC 5630 §3.1), and other phones may come by UDP. Whoever
 * is told 416 asks again by `sip`, over the TLS that it speaks with us.
 */
const SIPS_REFUSED = {
  status: 416,
  headers: [['Warning', '399 holdfast "Use sip with transport=tls: not every hop is protected"'] as const],
};

function asksForSips(request: SipRequest): boolean {
  if (isSips(request.uri)) return true;
  const contacts = contactsOf(request) ?? [];
  return contacts !== '*' && contacts.some(({ uri }) => isSips(uri));
}

function isSips(uri: string): boolean {
  return /^sips:/i.test(uri);
}

/** RFC 3261 §11.2: OPTIONS is answered as an INVITE would be, so that who probes us sends its calls elsewhere (SS43) [C67]. */
export function answerOutsideCalls(request: SipRequest, isShuttingDown: boolean): SipResponse {
  const allow = ['Allow', ALLOW] as const;
  if (request.method !== 'OPTIONS') return createResponse(request, 405, { headers: [allow] });
  if (isShuttingDown) return createResponse(request, 503);
  return createResponse(request, 200, { headers: [allow, ['Accept', 'application/sdp']] });
}
