/**
 * Which phones cannot follow their agents to the other site, as far as the configuration tells: a graceful shutdown
 * reports these beforehand and logs their agents out last (PQ5). The others register there once they are refused here,
 * or have done so already.
 */
import { type Configuration, levelOf, optionValue, siteOf, splitReference } from '@holdfast/centre';
import { type Application, OPTIONS } from '@holdfast/protocol';

/** By the number of the Extension, why its phone stays. */
export function readStayingPhones(
  configuration: Configuration,
  own: Application,
): ReadonlyMap<string, string> {
  const staying = new Map<string, string>();
  const elsewhere = extensionsElsewhere(configuration, own);
  for (const { number, switch: at, type, enabled } of configuration.all('DN'))
    if (type === 'Extension' && enabled && at === own.switch && !elsewhere.has(number))
      staying.set(number, `No other site has an Extension ${number}.`);
  for (const place of configuration.all('Place')) {
    const level = levelOf(`Place/${place.name}`, place);
    if (optionValue(OPTIONS.holdfast['registration-scheme'], [level]) !== 'fixed') continue;
    for (const dn of place.dns) {
      const { number, switch: at } = splitReference(dn);
      if (at === own.switch)
        staying.set(
          number,
          `The phone of Place/${place.name} knows one address only (registration-scheme is fixed).`,
        );
    }
  }
  return staying;
}

/** Numbers of the Extensions that SIP Servers of other sites have. */
function extensionsElsewhere(configuration: Configuration, own: Application): ReadonlySet<string> {
  const switches = new Set(
    configuration.all('Application').flatMap((one) => {
      const isOther = one.type === 'SIPServer' && one.enabled && siteOf(one) !== siteOf(own);
      return isOther && one.switch !== undefined ? [one.switch] : [];
    }),
  );
  return new Set(
    configuration
      .all('DN')
      .filter((dn) => dn.type === 'Extension' && dn.enabled && switches.has(dn.switch))
      .map(({ number }) => number),
  );
}
