/** Whether a request comes from this machine. */

import type { Peer } from './node-handler.ts';

/**
 * Whether a program on this machine asks, for this machine, without a proxy between. The address of the connection alone proves nothing: by DNS
 * rebinding a page of any site can make a browser on this machine ask, but then the `Host` is that site's.
 */
export function isLocalRequest(request: Request, { remoteAddress }: Peer): boolean {
  const { headers, url } = request;
  return (
    isLoopbackAddress(remoteAddress) &&
    isLoopbackHost(new URL(url).host) &&
    isLoopbackHost(headers.get('host') ?? 'localhost') &&
    !FORWARDED.some((name) => headers.has(name))
  );
}

/** Headers that a reverse proxy on this machine adds for a client that may be anywhere. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/** Whether an IP address is of this machine: 127.0.0.0/8, also within IPv6, or ::1. */
export function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/i.test(address);
}

/** Whether a `Host`, with or without a port, can only mean this machine: `localhost`, a name below it, or a loopback address. */
export function isLoopbackHost(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return /^(?:[\w-]+\.)*localhost$/.test(name) || isLoopbackAddress(name.replace(/^\[(.*)\]$/, '$1'));
}
