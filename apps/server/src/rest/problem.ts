/**
 * Refusals as HTTP has them (RFC 9457): the status, and the code and sentence of whoever refused, which is the Configuration Server for
 * all but what HTTP itself gets wrong.
 */
import { STATUS_CODES } from 'node:http';
import { type ConfigReply, ERROR_CODES, type ErrorCode, type Finding } from '@holdfast/protocol';

type NotEdited = Extract<ConfigReply, { type: 'NotEdited' }>;
type Refusal = Extract<ConfigReply, { type: 'Error' }>;

/** Beyond those that cross every link: what becomes of edits, and what HTTP adds. */
const OWN_CODES = {
  conflict: 'Somebody else has changed it since. Read it again, then edit again.',
  'not-writer': 'Another Configuration Server writes now. Edit there.',
  'not-stored': 'Nothing was written, or nobody knows whether it was: the detail says which.',
  'no-token': 'Log in (POST /v1/log-in) and send the token as Authorization: Bearer TOKEN.',
  'too-large': 'The body is longer than one request may be. Send it in several.',
  'too-many-requests': 'Too many requests from this address. Wait for the time given.',
  'unsupported-media-type': 'The body is of a type that is not read here. Send the one that is described.',
  internal: 'A mistake of this server; its log says more.',
} as const;

export type ProblemCode = ErrorCode | keyof typeof OWN_CODES;

/** Of those codes that reach somebody over REST; every other one is a 400. */
const STATUS: Partial<Readonly<Record<ProblemCode, number>>> = {
  'no-token': 401,
  'wrong-password': 401,
  'token-invalid': 401,
  'token-expired': 401,
  'token-revoked': 401,
  'account-disabled': 403,
  'password-expired': 403,
  'not-allowed': 403,
  'not-found': 404,
  'wrong-state': 409,
  conflict: 409,
  'too-large': 413,
  'unsupported-media-type': 415,
  'bad-configuration': 422,
  'password-unfit': 422,
  'too-many-failures': 429,
  'too-many-requests': 429,
  internal: 500,
  overloaded: 503,
  'not-ready': 503,
  'not-writer': 503,
  'not-stored': 503,
  timeout: 504,
};

export interface ProblemOptions {
  readonly code: ProblemCode;
  /** A sentence that names the thing and the remedy. */
  readonly detail: string;
  /** Where it is not that of the code. */
  readonly status?: number;
  readonly field?: string | undefined;
  readonly findings?: readonly Finding[];
  /** Of the configuration that was served, and for how long nothing newer has been heard of. */
  readonly revision?: string;
  readonly ageMs?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  /** Where else it may be done. */
  readonly location?: string;
}

export class Problem extends Error {
  readonly options: ProblemOptions;
  readonly statusCode: number;

  constructor(options: ProblemOptions) {
    super(options.detail);
    this.options = options;
    this.statusCode = options.status ?? statusOf(options.code);
  }

  /** As it goes over the wire. `type` leads to the page that explains the code. */
  get body(): Readonly<Record<string, unknown>> {
    const { code, detail, field, findings, revision, ageMs } = this.options;
    return {
      type: `/docs#${code}`,
      title: STATUS_CODES[this.statusCode] ?? code,
      status: this.statusCode,
      code,
      detail,
      ...(field === undefined || field === '' ? {} : { field }),
      ...(findings === undefined ? {} : { findings }),
      ...(revision === undefined ? {} : { revision }),
      ...(ageMs === undefined ? {} : { ageMs }),
    };
  }

  get headers(): Readonly<Record<string, string>> {
    const { retryAfterMs, location } = this.options;
    return {
      ...(this.statusCode === 401 ? { 'WWW-Authenticate': 'Bearer realm="holdfast"' } : {}),
      ...(retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfterMs / 1_000)) }),
      ...(location === undefined ? {} : { Location: location }),
    };
  }
}

function statusOf(code: ProblemCode): number {
  return STATUS[code] ?? 400;
}

/** What the Configuration Server refuses. */
export function refusalProblem({ code, text, field, retryAfterMs }: Refusal): Problem {
  return new Problem({ code, detail: text, field, retryAfterMs });
}

/** `isConditional`: the editor has said what must not have changed (If-Match). */
export function notEditedProblem(
  { code, text, findings, revision, ageMs }: NotEdited,
  isConditional: boolean,
): Problem {
  const more = code === 'conflict' && isConditional ? { status: 412 } : {};
  return new Problem({ code, detail: text, findings, revision, ageMs, ...more });
}

/** Each code that may be heard, with its status and what to do: for the page that explains them. */
export function explainedCodes(): readonly { code: string; status: number; text: string }[] {
  const texts: Readonly<Record<string, string>> = { ...ERROR_CODES, ...OWN_CODES };
  const known = Object.keys(STATUS) as ProblemCode[];
  return [...known, 'bad-message' as const].map((code) => ({
    ...{ code, status: statusOf(code), text: texts[code] ?? '' },
  }));
}
