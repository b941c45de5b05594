/** What the processes of a site have logged: their lines of JSON, in order. */
import { readFileSync } from 'node:fs';

export interface SiteLogLine {
  readonly application: string;
  readonly what: string;
}

export function siteLog(folder: string, site: string): readonly SiteLogLine[] {
  const lines = readFileSync(`${folder}/${site}/${site}.log`, 'utf8').split('\n');
  // The last may be half written.
  return lines.filter((line) => line.startsWith('{') && line.endsWith('}')).map((line) => JSON.parse(line));
}
