/** What is wrong with a request before anybody has looked at what it asks for: its length, its type, its fields. */
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { Problem } from './problem.ts';
import type { RestLimits } from './rest-app.ts';

/** The parts of a request, as people call them. */
const PARTS: Readonly<Record<string, string>> = {
  body: 'body',
  params: 'path',
  querystring: 'query',
  headers: 'headers',
};

/** Undefined for what is no mistake of whoever asks. */
export function requestProblem(error: unknown, { bodyBytesMax }: RestLimits): Problem | undefined {
  if (error instanceof Problem) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const [issue] = error.validation;
    const field = (issue?.instancePath ?? '').replace(/^\//, '').replaceAll('/', '.');
    const part = PARTS[error.validationContext ?? 'body'] ?? 'request';
    const named = field === '' ? `The ${part}` : `In the ${part}, "${field}"`;
    const detail = `${named} is wrong: ${issue?.message ?? 'malformed'}.`.slice(0, 1_000);
    return new Problem({ code: 'bad-message', detail, field: field.slice(0, 100) });
  }
  const { code = '', statusCode = 500, message = '' } = error as Partial<FrameworkError>;
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE': {
      const detail = `The body has more than ${Math.floor(bodyBytesMax / 1024)} KB. Send it in several requests.`;
      return new Problem({ code: 'too-large', detail });
    }
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Problem({ code: 'unsupported-media-type', detail: 'Send JSON, as application/json.' });
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new Problem({ code: 'bad-message', detail: 'The body is not JSON.' });
    default:
      if (statusCode < 400 || statusCode >= 500) return undefined;
      return new Problem({ code: 'bad-message', status: statusCode, detail: message.slice(0, 1_000) });
  }
}

/** Of what fastify itself throws. */
interface FrameworkError {
  readonly code: string;
  readonly statusCode: number;
  readonly message: string;
}
