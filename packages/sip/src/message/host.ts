/** Hosts (RFC 3261 §25.1): names, IPv4 addresses, IPv6 addresses in brackets (RFC 5954). */

/** Labels are not empty and neither begin nor end with a hyphen; one dot may stand at the end. */
const BAD_LABEL = /^[.-]|\.[.-]|-\.|-$/;

const PORT_MAX = 65_535;

/** Given text of the characters of a host. */
export function isHost(text: string): boolean {
  return text.charCodeAt(0) === 91 ? isIpv6(text.substring(1, text.length - 1)) : !BAD_LABEL.test(text);
}

/** Given one to five digits. */
export function isPort(port: number): boolean {
  return port <= PORT_MAX;
}

/** Eight groups, or fewer with one "::"; the last two may be an IPv4 address. */
function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2 || text.length > 45) return false;
  let groups = 0;
  for (const [position, half] of halves.entries()) {
    if (half === '' && halves.length === 2) continue;
    const parts = half.split(':');
    for (const [index, part] of parts.entries()) {
      const isLast = position === halves.length - 1 && index === parts.length - 1;
      if (/^[0-9a-f]{1,4}$/i.test(part)) groups += 1;
      else if (isLast && isIpv4(part)) groups += 2;
      else return false;
    }
  }
  return halves.length === 2 ? groups <= 7 : groups === 8;
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}
