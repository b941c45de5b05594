/**
 * Every option: what it may be, where it may stand, when a change takes effect, what it means and who acts on it.
 * Nothing is silent: a value outside its range is refused when the configuration is loaded, an option at a place
 * where nobody reads it likewise; one on which this release does not act, or which is not listed, is warned of.
 *
 * Names are the field's (S0–S4 and the SIP Server manual). What is ours stands in the section `holdfast`.
 */
import { agentDesktopOptions, loadingOptions } from './options/agent-desktop-options.ts';
import { csproxyOptions, systemOptions } from './options/config-server-options.ts';
import { holdfastOptions } from './options/holdfast-options.ts';
import { identityOptions } from './options/identity-options.ts';
import type { OptionDefinition } from './options/option-definition.ts';
import { sipServerOptions } from './options/sip-server-options.ts';
import { backupSyncOptions, sipServerOptionsKnown } from './options/sip-server-options-known.ts';
import { syncOptions } from './options/sync-options.ts';
import { validatorOptions } from './options/validator-options.ts';
import { workspaceOptions } from './options/workspace-options.ts';

export const OPTIONS = {
  'interaction-workspace': workspaceOptions,
  'agent-desktop': agentDesktopOptions,
  loading: loadingOptions,
  TServer: { ...sipServerOptions, ...sipServerOptionsKnown },
  'backup-sync': backupSyncOptions,
  csproxy: csproxyOptions,
  system: systemOptions,
  holdfast: { ...holdfastOptions, ...validatorOptions, ...syncOptions, ...identityOptions },
} as const;
export const OPTION_LIST: readonly OptionDefinition[] = Object.values(OPTIONS).flatMap(
  (section) => Object.values(section) as OptionDefinition[],
);

const BY_FULL_NAME = new Map(OPTION_LIST.map((definition) => [optionName(definition), definition]));

/** `interaction-workspace/disaster-recovery.timeout`. */
export function optionName(definition: Pick<OptionDefinition, 'section' | 'name'>): string {
  return `${definition.section}/${definition.name}`;
}

export function findOption(section: string, name: string): OptionDefinition | undefined {
  return BY_FULL_NAME.get(`${section}/${name}`);
}
