import { parseUri } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { numberIn } from './call-admission.ts';
import { contactAt, partyAt } from './gateway-contact.ts';

const gateway = { host: '10.0.9.1', port: 5060, transport: 'TCP' } as const;
const EVIL = '1@h SIP/2.0\r\nP-Asserted-Identity:<tel:+4930>\r\nX:';

describe('a number in a URI', () => {
  it('[SS90] is one user, whatever its text: it names no other host and adds no header field', () => {
    for (const number of [EVIL, 'a>;tag=x', 'x"y', 'ä b', '%0D%0A', '?a=b', '\0']) {
      const { uri } = contactAt(gateway, number);
      expect(parseUri(uri)).toMatchObject({
        host: '10.0.9.1',
        port: 5060,
        params: new Map([['transport', 'tcp']]),
      });
      const party = partyAt(number, 'holdfast');
      expect(party).toMatch(/^<sip:[!-~]+@holdfast>$/);
      expect(parseUri(party.slice(1, -1))).toMatchObject({ host: 'holdfast', params: new Map() });
      expect(parseUri(party.slice(1, -1))?.user).toBe(parseUri(uri)?.user);
    }
  });

  it('[SS90] that may be dialled is read at the other end as it was dialled', () => {
    for (const number of ['7001', '+4930123456', '*21*7002#', '#31#', "o'neil", 'sales;ext=5']) {
      expect(numberIn(contactAt(gateway, number).uri)).toBe(number);
    }
    expect(contactAt(gateway, '+49').uri).toBe('sip:+49@10.0.9.1:5060;transport=tcp');
    expect(contactAt({ host: 'gw.example', port: undefined, transport: undefined }).uri).toBe(
      'sip:gw.example',
    );
    expect(contactAt({ ...gateway, host: '2001:db8::1', transport: 'UDP' }).uri).toBe(
      'sip:[2001:db8::1]:5060',
    );
  });
});
