import { expect, test } from 'vitest';
import { findOption, OPTION_LIST, OPTIONS, optionName } from './option-catalogue.ts';
import { allowedValues, readOption } from './option-value.ts';

test('every option is listed once, has its defaults in range, a place, a meaning and somebody who acts on it', () => {
  const names = OPTION_LIST.map(optionName);
  expect(new Set(names).size).toBe(names.length);
  for (const definition of OPTION_LIST) {
    const name = optionName(definition);
    expect(findOption(definition.section, definition.name), name).toBe(definition);
    expect(definition.setOn.length, name).toBeGreaterThan(0);
    expect(definition.meaning.length, name).toBeGreaterThan(10);
    expect(definition.actsOn, name).not.toBe('');
    expect(definition.source, name).not.toBe('');
    if (definition.default !== undefined)
      expect(readOption(definition, definition.default, 'default'), name).toMatchObject({ ok: true });
  }
});

test('[DS2] an unset Workspace time-out is the default of the catalogue, and 0 is out of range', () => {
  const options = OPTIONS['interaction-workspace'];
  expect(options['disaster-recovery.timeout'].default).toBe('60');
  expect(options['disaster-recovery.wait-for-sipphone-timeout'].default).toBe('30');
  expect(options['disaster-recovery.enabled'].default).toBe('false');
  for (const name of ['disaster-recovery.timeout', 'disaster-recovery.wait-for-sipphone-timeout'] as const) {
    expect(readOption(options[name], '0', 'Person/kim').ok).toBe(false);
    expect(readOption(options[name], '1', 'Person/kim')).toEqual({ ok: true, value: 1 });
  }
});

test('a refused value is named with object, option, value and what is allowed', () => {
  const reading = readOption(OPTIONS.TServer['wrap-up-time'], '86401', 'AgentLogin/7001@north');
  expect(reading).toEqual({
    ok: false,
    error: {
      object: 'AgentLogin/7001@north',
      option: 'TServer/wrap-up-time',
      value: '86401',
      allowed: 'a whole number from 0 to 86400 (s)',
      text: 'AgentLogin/7001@north: option TServer/wrap-up-time is "86401"; allowed is a whole number from 0 to 86400 (s).',
    },
  });
});

const { 'interaction-workspace': workspace, holdfast } = OPTIONS;
test.each([
  [workspace['disaster-recovery.enabled'], ['yes', 'True', '1', '']],
  [
    workspace['disaster-recovery.timeout'],
    ['1.5', '-1', '0x10', '1e3', '', ' ', '9'.repeat(20), 'NaN', '86401'],
  ],
  [workspace['disaster-recovery.site'], ['', 'x'.repeat(65), 'a\nb', '../x', ' ']],
  [holdfast.treatment, ['loud', '', 'Music', 'music,tone']],
  [holdfast['overflow-dn'], ['', '8000@north', 'a b']],
])('nothing that is not allowed becomes a value: $name', (definition, values) => {
  for (const value of values) expect(readOption(definition, value, 'x').ok, value).toBe(false);
});

test.each(['sip:10.0.0.1', 'sip:[::1]:5060;transport=tcp', 'sip:gw.example:5080;transport=UDP'])(
  'the contact %s of a trunk is allowed',
  (contact) => {
    expect(readOption(OPTIONS.TServer.contact, contact, 'DN/t').ok).toBe(true);
  },
);

test.each(['10.0.0.1', 'sip:', 'sip:a b', 'tel:123', 'sip:a;transport=sctp'])(
  'the contact %s is not',
  (contact) => {
    expect(readOption(OPTIONS.TServer.contact, contact, 'DN/t').ok).toBe(false);
    expect(allowedValues(OPTIONS.TServer.contact.kind)).toContain('sip:host');
  },
);
