/**
 * The waits that a scenario sets. Two sets: shortened, so that a run takes seconds, and those of the source
 * documents. A scenario prints the set that it uses.
 */
import type { RegistrationOptions } from '@holdfast/sip';

export interface LabTimes {
  readonly name: 'short' | 'documents';
  /** `disaster-recovery.timeout` and `disaster-recovery.wait-for-sipphone-timeout`, seconds. */
  readonly siteTimeoutS: number;
  readonly phoneTimeoutS: number;
  readonly autoRestore: boolean;
  /** `return-steady-time` and `return-half-life`, seconds: how a return waits for steady health (RD1, RD2). */
  readonly returnSteadyS: number;
  readonly returnHalfLifeS: number;
  /** `warm-standby.retry-delay`, seconds. */
  readonly retryDelayS: number;
  /** ADDP time-out of the desks' connections, ms: silence is noticed after one to two of them. */
  readonly addpMs: number;
  readonly stampEveryMs: number;
  readonly leaseLengthMs: number;
  /** What phones ask for at registration, seconds. */
  readonly registerEveryS: number;
  readonly registration: Partial<Omit<RegistrationOptions, 'scheme' | 'targets'>>;
  readonly wrapUpS: number;
  /** Mean time of talk, ms. */
  readonly talkMs: number;
}

export const SHORT: LabTimes = {
  name: 'short',
  siteTimeoutS: 3,
  phoneTimeoutS: 3,
  autoRestore: true,
  returnSteadyS: 1,
  returnHalfLifeS: 5,
  retryDelayS: 1,
  addpMs: 1000,
  stampEveryMs: 400,
  leaseLengthMs: 1600,
  registerEveryS: 3,
  registration: {
    attemptMs: 700,
    returnEveryMs: 1500,
    retryFirstMs: 300,
    retryMaxMs: 1000,
    moveJitterMs: 200,
  },
  wrapUpS: 1,
  talkMs: 3000,
};

/**
 * For hundreds of desks on one machine: what each says all the time, stamps, pings and registrations, comes less often, and
 * a phone or a link that the machine keeps waiting is not given up. Of the same name, because a scenario keeps its own.
 */
export const CROWD: LabTimes = {
  ...SHORT,
  addpMs: 3000,
  stampEveryMs: 1000,
  leaseLengthMs: 4000,
  registerEveryS: 10,
  registration: { ...SHORT.registration, attemptMs: 2000, retryFirstMs: 500, retryMaxMs: 2000 },
};

/**
 * Of a storm: by the end of the time-out every phone has found the other site, so that all desks ask at once. Stamps, lease and
 * attempts are those of the documents, since who waits in one process with five hundred others may wait for seconds.
 */
export const STORM: LabTimes = {
  ...CROWD,
  siteTimeoutS: 18,
  phoneTimeoutS: 10,
  retryDelayS: 6,
  addpMs: 6000,
  stampEveryMs: 2000,
  leaseLengthMs: 8000,
  registration: { ...CROWD.registration, attemptMs: 4000 },
};

/** S0: time-out 60 s and 30 s, registration 30 to 60 s; S3: ADDP 20 to 30 s. */
export const DOCUMENTS: LabTimes = {
  ...SHORT,
  name: 'documents',
  siteTimeoutS: 60,
  phoneTimeoutS: 30,
  returnSteadyS: 3,
  returnHalfLifeS: 300,
  retryDelayS: 10,
  addpMs: 20_000,
  stampEveryMs: 2000,
  leaseLengthMs: 8000,
  registerEveryS: 30,
  registration: {},
  talkMs: 20_000,
};

/** How long a registration may stand that nobody repeats: a fifth more than asked (RG9). */
export function registrationMaxMs({ registerEveryS }: LabTimes): number {
  return 1200 * registerEveryS;
}

/** ME6: a run says which waits it has set. */
export function timesInWords(times: LabTimes): string {
  const { registration } = times;
  return [
    `site time-out ${times.siteTimeoutS} s`,
    `phone time-out ${times.phoneTimeoutS} s`,
    `auto-restore ${times.autoRestore ? 'on' : 'off'}`,
    `return after ${times.returnSteadyS} s, half-life ${times.returnHalfLifeS} s`,
    `retry delay ${times.retryDelayS} s`,
    `ADDP ${times.addpMs} ms`,
    `stamp every ${times.stampEveryMs} ms`,
    `lease ${times.leaseLengthMs} ms`,
    `registration ${times.registerEveryS} s`,
    `attempt ${registration.attemptMs === undefined ? 'as by default' : `${registration.attemptMs} ms`}`,
    `after-call work ${times.wrapUpS} s`,
    `talk ${times.talkMs} ms`,
  ].join(', ');
}
