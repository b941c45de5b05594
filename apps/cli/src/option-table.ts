/**
 * The catalogue of options and of the properties of applications and connections, for people and for programs.
 */
import { allowedValues, type OptionDefinition, type PropertyDefinition } from '@holdfast/protocol';

/** One paragraph an option, in the order of the catalogue. */
export function optionTable(options: readonly OptionDefinition[]): string {
  return options.map(describe).join('\n');
}

function describe(option: OptionDefinition): string {
  const lines = [
    `${option.section} / ${option.name}`,
    `    ${option.meaning}`,
    `    value: ${allowedValues(option.kind)}; default: ${option.default ?? 'none'}`,
    `    set on: ${option.setOn.join(', ')}; takes effect ${option.takesEffect}`,
    ...(option.knownOn === undefined ? [] : [`    without effect on: ${option.knownOn.join(', ')}`]),
    `    acted on by: ${option.actsOn ?? 'nobody in this release'}; source: ${option.source}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** The same of the properties. */
export function propertyTable(properties: readonly PropertyDefinition[]): string {
  return properties
    .map((property) =>
      [
        `${property.owner}: ${property.name}`,
        `    ${property.meaning}`,
        `    value: ${property.allowed}; default: ${property.default ?? 'none'}`,
        `    of: ${property.of}; takes effect ${property.takesEffect}`,
        `    acted on by: ${property.actsOn ?? 'nobody in this release'}; source: ${property.source}\n`,
      ].join('\n'),
    )
    .join('\n');
}

/** Without what JSON cannot say: a pattern becomes its text, no default is null. */
export function plainOption(option: OptionDefinition): Record<string, unknown> {
  const kind =
    option.kind.type === 'text' ? { ...option.kind, pattern: option.kind.pattern.source } : option.kind;
  return {
    ...option,
    kind,
    default: option.default ?? null,
    allowed: allowedValues(option.kind),
    isActedOn: option.actsOn !== null,
  };
}

export function plainProperty(property: PropertyDefinition): Record<string, unknown> {
  return { ...property, default: property.default ?? null, isActedOn: property.actsOn !== null };
}
