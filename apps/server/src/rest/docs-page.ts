/** The page that explains REST to people: made of the OpenAPI document, in one piece, with nothing from elsewhere. */
import { explainedCodes } from './problem.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
}
interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly description?: string;
    readonly content?: Readonly<Record<string, unknown>>;
  };
}
/** As far as it is shown. */
export interface ShownDocument {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const STYLE = `
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h3 { margin: 2rem 0 0 } code { font-size: 0.95em } dt { margin-top: 0.5rem } table { border-collapse: collapse }
td, th { border-bottom: 1px solid; padding: 0.3rem 0.8rem 0.3rem 0; text-align: left; vertical-align: top }
`;

/** Of the page, by Content-Security-Policy: it needs nothing, and loads nothing. */
export const DOCS_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

export function docsPage({ paths = {} }: ShownDocument): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationSection(method, path, operation)),
  );
  const codes = explainedCodes().map(
    ({ code, status, text }) =>
      `<tr id="${escaped(code)}"><td><code>${escaped(code)}</code></td><td>${status}</td><td>${escaped(text)}</td></tr>`,
  );
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Holdfast: configuration over REST</title>',
    `<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head><body><main>`,
    '<h1>Configuration over REST</h1>',
    '<p>Log in with <code>POST /v1/log-in</code> and send the token with every request as <code>Authorization: Bearer TOKEN</code>.',
    'The whole description for programs is at <a href="/openapi.json">/openapi.json</a>.</p>',
    `<h2>Requests</h2>${operations.join('')}`,
    '<h2>Refusals</h2><p>Each is a problem (RFC 9457) with one of these codes and a sentence that says what to do.</p>',
    `<table><thead><tr><th>Code</th><th>Status</th><th>What to do</th></tr></thead><tbody>${codes.join('')}</tbody></table>`,
    '</main></body></html>\n',
  ].join('\n');
}

function operationSection(
  method: string,
  path: string,
  { summary = '', description = '', parameters = [], requestBody }: Operation,
): string {
  const told = parameters.map(
    ({ name, in: where, required, description: meaning = '' }) =>
      `<dt><code>${escaped(name)}</code> (${escaped(where)}${required === true ? ', required' : ''})</dt><dd>${escaped(meaning)}</dd>`,
  );
  const types = Object.keys(requestBody?.content ?? {});
  const body =
    types.length === 0
      ? ''
      : `<p>Body: <code>${escaped(types.join(', '))}</code>. ${escaped(requestBody?.description ?? '')}</p>`;
  return [
    `<section><h3><code>${escaped(method.toUpperCase())} ${escaped(path)}</code></h3>`,
    `<p>${escaped(summary)}${description === '' ? '' : `. ${escaped(description)}`}</p>`,
    told.length === 0 ? '' : `<dl>${told.join('')}</dl>`,
    `${body}</section>`,
  ].join('');
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
