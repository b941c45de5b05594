import { expect, test } from 'vitest';
import { load, withOption } from './test-configuration.ts';

/** What is said of this one option of the sample. */
function said(list: string, name: string, option: string, value: string) {
  const [section = '', key = ''] = option.split('/');
  const loaded = load(withOption(list, name, section, key, value));
  const problems = loaded.ok ? [] : loaded.problems;
  return { isRefused: !loaded.ok, about: [...problems, ...loaded.warnings] };
}

const DR = 'interaction-workspace/disaster-recovery.';

/** Where, option, value; the object as it is named; what is said, as an administrator reads it. */
test.each([
  [
    'dns',
    '8000@north',
    'holdfast/treatment',
    'jazz',
    'DN/8000@north',
    'must be one of ringback, music, tone. Correct it or remove it for the default music.',
  ],
  // Servers' own, where no server reads it, and out of range.
  [
    'dns',
    '8000@north',
    'holdfast/lease-length',
    '8000',
    'DN/8000@north',
    'It may stand on Application:SIPServer. Move it there or remove it.',
  ],
  [
    'tenants',
    'holdfast',
    'holdfast/realm',
    'a realm',
    'Tenant/holdfast',
    'must be 1 to 255 letters, digits or . @ _ -. Correct it or remove it for the default holdfast.',
  ],
  [
    'switches',
    'north',
    'TServer/wrap-up-time',
    '5',
    'Switch/north',
    'It may stand on Application:SIPServer, AgentLogin. Move it there or remove it.',
  ],
  [
    'dns',
    '8000@north',
    'holdfast/overflow-dm',
    '8001',
    'DN/8000@north',
    'There is no such option, so "8001" has no effect. Did you mean holdfast/overflow-dn? Correct the name or remove it.',
  ],
  [
    'dns',
    '8000@north',
    'holdfast/colour-of-music',
    'red',
    'DN/8000@north',
    'There is no such option, so "red" has no effect. Correct the name or remove it.',
  ],
])('[CF5] %s %s: %s = %s is refused', (list, name, option, value, object, text) => {
  const { isRefused, about } = said(list, name, option, value);
  expect(isRefused).toBe(true);
  expect(about).toEqual([
    expect.objectContaining({ object, field: option, value, text: expect.stringContaining(text) }),
  ]);
  expect(about[0]?.text).toContain(`"${value}"`);
});

test.each([
  // Out of range, of the other family (DS1), and on the wrong object.
  [
    'persons',
    'agent7001',
    `${DR}timeout`,
    '0',
    'Person/agent7001',
    'must be a whole number from 1 to 86400 (s). Correct it or remove it for the default 60.',
  ],
  [
    'persons',
    'agent7001',
    'agent-desktop/site-1',
    '*',
    'Person/agent7001',
    'must be the name of an Application. Correct it or leave it unset.',
  ],
  [
    'applications',
    'desktop-north',
    `${DR}timeout`,
    '60',
    'Application/desktop-north',
    'A ThirdPartyApplication follows the section agent-desktop. It may stand on Application:Workspace, Tenant, AgentGroup, Person. Move it there or remove it.',
  ],
  [
    'applications',
    'workspace',
    'agent-desktop/site-timeout',
    '30',
    'Application/workspace',
    'A Workspace follows the section interaction-workspace. It may stand on Application:ThirdPartyApplication. Move it there or remove it.',
  ],
  [
    'persons',
    'agent7001',
    'agent-desktop/site-timeout',
    '30',
    'Person/agent7001',
    'It may stand on Application:ThirdPartyApplication. Move it there or remove it.',
  ],
  // What desks read, on what is none of theirs.
  [
    'tenants',
    'holdfast',
    `${DR}timeout`,
    '0',
    'Tenant/holdfast',
    'must be a whole number from 1 to 86400 (s). Correct it or remove it for the default 60. Until then it counts as not set.',
  ],
  [
    'applications',
    'sip-north',
    `${DR}timeout`,
    '60',
    'Application/sip-north',
    'It may stand on Application:Workspace, Tenant, AgentGroup, Person. Move it there or remove it.',
  ],
  [
    'applications',
    'sip-north',
    'interaction-workspace/warm-standby.retry-delay',
    '0',
    'Application/sip-north',
    'must be a whole number from 1 to 3600 (s). Correct it or remove it for the default 10. Until then it counts as not set.',
  ],
  [
    'applications',
    'supervisor-north',
    'interaction-workspace/warm-standby.retry-delay',
    '9',
    'Application/supervisor-north',
    'Nobody reads this option here, so "9" would have no effect.',
  ],
  [
    'dns',
    '8000@north',
    `${DR}enabled`,
    'true',
    'DN/8000@north',
    'It may stand on Application:Workspace, Tenant, AgentGroup, Person. Move it there or remove it.',
  ],
])('[CF20] %s %s: %s = %s counts as not set and is warned of', (list, name, option, value, object, text) => {
  const { isRefused, about } = said(list, name, option, value);
  expect(isRefused).toBe(false);
  expect(about).toContainEqual(
    expect.objectContaining({ object, field: option, value, text: expect.stringContaining(text) }),
  );
});

test.each([
  // Misspelt, or never heard of.
  [
    'applications',
    'workspace',
    `${DR}timeot`,
    '9',
    'Application/workspace',
    'There is no such option, so "9" has no effect. Did you mean interaction-workspace/disaster-recovery.timeout? Correct the name or remove it.',
  ],
  [
    'applications',
    'workspace',
    'interaction-workspace/colour',
    'red',
    'Application/workspace',
    'There is no such option, so "red" has no effect. Correct the name or remove it.',
  ],
  [
    'persons',
    'agent7001',
    'somebody-elses/option',
    'x',
    'Person/agent7001',
    'There is no such option, so "x" has no effect. Correct the name or remove it.',
  ],
  // Known, and this release does not act on it.
  [
    'applications',
    'sip-north',
    'TServer/dr-peer-location',
    'oos',
    'Application/sip-north',
    'This release does not act on this option here, so "oos" has no effect. It may stay for a later release, or be removed. It means: Switch of the peer',
  ],
  // Acted on elsewhere, and known here in the field.
  [
    'dns',
    '7001@north',
    'TServer/contact',
    'sip:10.0.0.7:5060',
    'DN/7001@north',
    'This release does not act on this option here, so "sip:10.0.0.7:5060" has no effect.',
  ],
  [
    'dns',
    '8000@north',
    'TServer/wrap-up-time',
    '30',
    'DN/8000@north',
    'This release does not act on this option here, so "30" has no effect.',
  ],
  [
    'dns',
    '7001@north',
    'TServer/recovery-timeout',
    '60',
    'DN/7001@north',
    'This release does not act on this option here, so "60" has no effect.',
  ],
])('[CF6] %s %s: %s = %s is kept and warned of', (list, name, option, value, object, text) => {
  const { isRefused, about } = said(list, name, option, value);
  expect(isRefused).toBe(false);
  expect(about).toEqual([
    expect.objectContaining({ object, field: option, value, text: expect.stringContaining(text) }),
  ]);
});

test('[CF6] an option that is acted on there is neither refused nor warned of', () => {
  expect(said('dns', 'trunk-north@north', 'TServer/recovery-timeout', '60')).toEqual({
    isRefused: false,
    about: [],
  });
  expect(said('agentGroups', 'sales', `${DR}timeout`, '20').about).toEqual([]);
});

test('[CF5] a huge value is cut in what is said', () => {
  const value = '9'.repeat(1_000);
  const [problem] = said('dns', '8000@north', 'holdfast/treatment', value).about;
  expect(problem?.text.length).toBeLessThan(300);
  expect(problem?.text).toContain('99999');
});
