/** Who may read the page, and who may change what it shows. */

import { isLocalRequest } from '../http/loopback.ts';
import { json } from './json-response.ts';
import type { DashboardPeer, DashboardWish, DashboardSettings } from './options.ts';

/** The answer to a request that is not let in. */
export async function admit(
  request: Request,
  wish: DashboardWish,
  peer: DashboardPeer,
  { authorize }: DashboardSettings,
): Promise<Response | undefined> {
  if (!authorize) return isLocalRequest(request, peer) ? undefined : json(403, { error: NOT_LOCAL });
  const answer = await authorize(request, wish, peer);
  if (answer === true) return undefined;
  if (answer instanceof Response) return answer;
  return wish === 'read'
    ? json(401, { error: 'You are not signed in' })
    : json(403, { error: 'You may read this page, and change nothing' });
}

const NOT_LOCAL =
  'Without the option authorize the page serves only requests from its own machine: the address of the connection and the Host must be loopback';

/**
 * The answer to a request with a body that may come from another site. A form cannot send JSON, and a script of another site cannot send it without
 * being asked for first, which nothing here allows. Browsers name the origin of every POST.
 */
export function checkChange(request: Request, { origins }: DashboardSettings): Response | undefined {
  const { headers, url } = request;
  const origin = headers.get('origin');
  const host = headers.get('host') ?? new URL(url).host;
  if (origin === null || !(isHost(origin, host) || origins.includes(origin)))
    return json(403, { error: 'The Origin of the request is not that of the page' });
  if (!/^application\/json(?:;|$)/i.test(headers.get('content-type') ?? ''))
    return json(415, { error: 'The content-type should be application/json' });
  return undefined;
}

function isHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && /^https?:$/.test(new URL(origin).protocol) && new URL(origin).host === host;
}
