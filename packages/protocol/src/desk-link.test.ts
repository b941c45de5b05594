import { expect, test } from 'vitest';
import { deskRequest, isDialled } from './desk-link.ts';

const asked = (type: string, destination: string) =>
  deskRequest.safeParse({ type, ReferenceID: 1, dn: '7001', ConnID: 'c1', destination });

const CALLING = ['MakeCall', 'SingleStepTransfer', 'InitiateTransfer'];

test.each([
  ['', 'nothing'],
  ['1'.repeat(65), 'too much'],
  ['030 123', 'a blank'],
  ['7001@elsewhere', 'another address'],
  ['7001\r\nX: y', 'a line end'],
  ['1@h SIP/2.0\r\nP-Asserted-Identity:<tel:+4930>\r\nX:', 'a request'],
  ['7001\0', 'a control character'],
  ['<sip:7001>', 'brackets'],
  ['70%0D%0A', 'escapes'],
  ['größe', 'letters that no user of SIP has'],
])('%j (%s) is not called, and the field is named', (destination) => {
  expect(isDialled(destination)).toBe(false);
  for (const type of CALLING) {
    const { error } = asked(type, destination);
    expect(error?.issues).toMatchObject([{ path: ['destination'] }]);
    expect(error?.issues[0]?.message).toContain('must be 1 to 64 letters, digits or');
  }
});

test.each(['7001', '+4930123456', '*21*7002#', "o'neil", 'ada.b_c-d', '(030)1', 'sales;ext=5'])(
  '%s is called',
  (destination) => {
    expect(isDialled(destination)).toBe(true);
    for (const type of CALLING) expect(asked(type, destination).success).toBe(true);
  },
);
