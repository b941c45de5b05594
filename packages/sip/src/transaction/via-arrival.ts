/**
 * What the transport layer writes into the top Via of a request on arrival: where the request really came from
 * (RFC 3261 §18.2.1), from which port if the client asked (RFC 3581 §4), and how much less it should send (RFC 7339).
 */

import { withBrackets } from '../locate/address-literal.ts';
import { topVia } from '../message/headers.ts';
import type { SipRequest, Via } from '../message/message.ts';
import { withTopVia } from '../message/remembering-message.ts';
import { feedbackParams, type OverloadFeedback, withFeedback } from '../overload.ts';
import type { Source } from '../target.ts';

/** The request with `received`, `rport` and `oc` filled in; the same object when nothing is to be written. */
export function withArrival(request: SipRequest, source: Source, load?: OverloadFeedback): SipRequest {
  const via = topVia(request);
  if (!via) return request;
  const wantsPort = via.params.has('rport');
  const isElsewhere = via.host !== withBrackets(source.host);
  const isLocated = wantsPort || isElsewhere || via.params.has('received');
  if (!isLocated && load === undefined) return request;
  const index = request.headers.findIndex((field) => field.key === 'via');
  const field = request.headers[index];
  if (field === undefined) return request;
  const end = firstValueEnd(field.value);
  const rest = field.value.slice(end);
  // Only this hop may say where a request came from: what it brought along is taken out.
  let first = field.value.slice(0, end);
  if (isLocated) first = first.replace(/;\s*received\s*=\s*[^;,\s]*/gi, '');
  if (wantsPort) first = first.replace(/;\s*rport\s*(?:=\s*\d*)?(?=\s*(?:;|$))/i, `;rport=${source.port}`);
  if (isLocated) first += `;received=${source.host}`;
  if (load !== undefined) first = withFeedback(first, load);
  const headers = request.headers.slice();
  headers[index] = { ...field, value: first + rest };
  const arrived = isLocated ? viaOnArrival(via, source, wantsPort) : via;
  return withTopVia(request, headers, load === undefined ? arrived : viaWithLoad(arrived, load));
}

/** What reading the text that was written above would give. */
function viaOnArrival(via: Via, source: Source, wantsPort: boolean): Via {
  const params = new Map(via.params);
  params.delete('received');
  if (wantsPort) params.set('rport', String(source.port));
  params.set('received', source.host);
  return { ...via, params };
}

function viaWithLoad(via: Via, load: OverloadFeedback): Via {
  const params = new Map(via.params);
  for (const [name, value] of feedbackParams(load)) {
    // Behind the others, as they are written.
    params.delete(name);
    params.set(name, value);
  }
  return { ...via, params };
}

/** Where the first of several Via values in one header field ends. */
function firstValueEnd(value: string): number {
  if (!value.includes(',')) return value.length;
  let isQuoted = false;
  for (let i = 0; i < value.length; i++) {
    const char = value[i];
    if (isQuoted && char === '\\') i++;
    else if (char === '"') isQuoted = !isQuoted;
    else if (char === ',' && !isQuoted) return i;
  }
  return value.length;
}
