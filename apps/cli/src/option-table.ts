/**
 * The option catalogue for people and for programs.
 */
import { allowedValues, type OptionDefinition } from '@holdfast/protocol';

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
    `    acted on by: ${option.actsOn ?? 'nobody in this release'}; source: ${option.source}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** Without what JSON cannot say: a pattern becomes its text, no default is null. */
export function plainOption(option: OptionDefinition): Record<string, unknown> {
  const kind =
    option.kind.type === 'text' ? { ...option.kind, pattern: option.kind.pattern.source } : option.kind;
  return { ...option, kind, default: option.default ?? null, allowed: allowedValues(option.kind) };
}
