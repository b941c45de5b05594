/**
 * A database that one process alone can open has one writer; where another Configuration Server is to run it would have a
 * database of its own, and the two would be independent writers of one configuration (CX9).
 */
import { type Configuration, siteOf } from '@holdfast/centre';

/** The sentence and the remedies; undefined where this one is alone. */
export function whyNotSoleWriter(configuration: Configuration, application: string): string | undefined {
  const servers = configuration
    .all('Application')
    .filter(({ type, enabled }) => type === 'ConfigurationServer' && enabled);
  const own = servers.find(({ name }) => name === application);
  // Of a pair on one Host the backup is not started beside it.
  const others = servers.filter(
    ({ name, host }) => name !== application && !(name === own?.backup && host === own.host),
  );
  const [other] = others;
  if (other === undefined) return undefined;
  const named = others.map((one) => `"${one.name}" of site "${siteOf(one) ?? 'none'}"`).join(', ');
  return (
    `"${application}" is to keep the configuration in a PGlite, which no other process can open, and ${named} ` +
    `${others.length === 1 ? 'is an enabled ConfigurationServer' : 'are enabled ConfigurationServers'} too: there would be independent writers of one configuration. ` +
    `Let one site write: make "${other.name}" a ConfigurationServerProxy, or disable it. ` +
    'Or give all of them one PostgreSQL (--store postgres://…), or files that nobody edits at run time (--files-only).'
  );
}
