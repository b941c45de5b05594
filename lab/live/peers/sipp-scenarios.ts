/**
 * Our own sipp scenarios. sipp's embedded ones know no registration, and its `uac` knows no re-INVITE, which is
 * how a caller who hears music is turned to the agent.
 */
const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';

function register(cseq: number, authentication: string, user = '[service]'): string {
  return `<send retrans="500"><![CDATA[
REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]
Max-Forwards: 70
From: <sip:${user}@[realm]>;tag=[pid]r[call_number]
To: <sip:${user}@[realm]>
Call-ID: [call_id]
CSeq: ${cseq} REGISTER
Contact: <sip:${user}@[local_ip]:[local_port]>
Expires: [expires]
${authentication}User-Agent: sipp
Content-Length: 0

]]></send>`;
}

/** REGISTER, challenged, REGISTER with the answer (MD5: sipp has nothing else). Keys: realm, expires. */
export const REGISTER_WITH_AUTHENTICATION = `${HEAD}<scenario name="register">
${register(1, '')}
<recv response="100" optional="true"/>
<recv response="401" auth="true"/>
${register(2, '[authentication]\n')}
<recv response="100" optional="true"/>
<recv response="200"/>
</scenario>
`;

/**
 * As above by many users, one after the other: in the file of `-inf` each line has the user and what sipp makes of
 * `[authentication username=… password=…]`. Keys: realm, expires.
 */
export const REGISTER_MANY_WITH_AUTHENTICATION = `${HEAD}<scenario name="register storm with authentication">
${register(1, '', '[field0]')}
<recv response="401" auth="true"/>
${register(2, '[field1]\n', '[field0]')}
<recv response="200" rtd="true"/>
</scenario>
`;

/** REGISTER once, without authentication, for a registrar that asks for none: two messages, one binding. */
export const REGISTER_PLAIN = `${HEAD}<scenario name="register storm">
<send retrans="500"><![CDATA[
REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]
Max-Forwards: 70
From: <sip:u[call_number]@[remote_ip]>;tag=[pid]r[call_number]
To: <sip:u[call_number]@[remote_ip]>
Call-ID: [call_id]
CSeq: 1 REGISTER
Contact: <sip:u[call_number]@[local_ip]:[local_port]>
Expires: 600
User-Agent: sipp
Content-Length: 0

]]></send>
<recv response="200" rtd="true"/>
</scenario>
`;

const SDP = `v=0
o=user1 53655765 2353687637 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
`;

function inDialog(method: 'ACK' | 'BYE', cseq: number): string {
  return `<send${method === 'BYE' ? ' retrans="500"' : ''}><![CDATA[
${method} [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
[routes]
From: <sip:+491701234567@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: ${cseq} ${method}
Contact: <sip:gateway@[local_ip]:[local_port]>
Content-Length: 0

]]></send>`;
}

const INVITE = `<send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:+491701234567@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:gateway@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

${SDP}
]]></send>`;

/** A caller behind a proxy, whose Record-Route it follows as its embedded one does not; talks for the time of `-d` and hangs up. */
export const CALLER_BEHIND_PROXY = `${HEAD}<scenario name="caller behind a proxy">
${INVITE}
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="200" rrs="true"/>
${inDialog('ACK', 1)}
<pause/>
${inDialog('BYE', 2)}
<recv response="200"/>
</scenario>
`;

/**
 * A caller who is put on music and turned to the agent by a re-INVITE, answers it, talks for the time of `-d` and
 * hangs up.
 */
export const CALLER_WITH_MUSIC = `${HEAD}<scenario name="caller with music">
${INVITE}
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="200" rrs="true"/>
${inDialog('ACK', 1)}
<recv request="INVITE"/>
${answer('200 OK')}
<recv request="ACK"/>
<pause/>
${inDialog('BYE', 2)}
<recv response="200"/>
</scenario>
`;

function reInvite(cseq: number, direction: 'sendonly' | 'sendrecv'): string {
  return `<send retrans="500"><![CDATA[
INVITE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
[routes]
From: <sip:+491701234567@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: ${cseq} INVITE
Contact: <sip:gateway@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

${SDP}a=${direction}
]]></send>
<recv response="100" optional="true"/>
<recv response="200"/>
${inDialog('ACK', cseq)}`;
}

function answer(status: string, more = ''): string {
  return `<send${status.startsWith('200') ? ' retrans="500"' : ''}><![CDATA[
SIP/2.0 ${status}
[last_Via:]
[last_From:]
[last_To:]${more}
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:gateway@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

${SDP}
]]></send>`;
}

const EMPTY_ANSWER = `<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>`;

const ANSWERED = `<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="200" rrs="true"/>
${inDialog('ACK', 1)}`;

const REINVITED = `<recv request="INVITE"/>
${answer('200 OK')}
<recv request="ACK"/>`;

/** A caller who is held and retrieved by the other end, which hangs up. */
export const CALLER_WHO_IS_HELD = `${HEAD}<scenario name="caller who is held">
${INVITE}
${ANSWERED}
${REINVITED}
${REINVITED}
<recv request="BYE"/>
${EMPTY_ANSWER}
</scenario>
`;

/** A caller who holds the other end for the time of `-d`, retrieves it, and hangs up. */
export const CALLER_WHO_HOLDS = `${HEAD}<scenario name="caller who holds">
${INVITE}
${ANSWERED}
${reInvite(2, 'sendonly')}
<pause/>
${reInvite(3, 'sendrecv')}
${inDialog('BYE', 4)}
<recv response="200"/>
</scenario>
`;

/** A phone that is heard before it answers, for the time of `-d`. */
export const PHONE_WITH_EARLY_MEDIA = `${HEAD}<scenario name="phone with early media">
<recv request="INVITE"/>
${answer('183 Session Progress', ';tag=[pid]e[call_number]')}
<pause/>
${answer('200 OK', ';tag=[pid]e[call_number]')}
<recv request="ACK"/>
<recv request="BYE"/>
${EMPTY_ANSWER}
</scenario>
`;
