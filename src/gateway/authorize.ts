/** Who may do what. */

import { createTokenCheck, type TokenCheck } from '../http/bearer-tokens.ts';
import { ConfigError } from '../domain/errors.ts';
import { isLocalRequest, isLoopbackHost } from '../http/loopback.ts';
import type { Peer } from '../http/node-handler.ts';
import type { CallerOptions, GatewayOptions, Tokens } from './options.ts';
import { errorResponse } from './error-response.ts';

/** Who a request comes from, or the response that refuses it. `name` is missing for a program on this machine. */
export type Identity =
  { readonly ok: true; readonly name: string | undefined } | { readonly ok: false; readonly response: Response };

export interface Authorization {
  /** Whether clients need a token, and may be on other machines. */
  readonly hasTokens: boolean;
  caller(request: Request, peer: Peer): Identity;
  /** `undefined` without `admin`: the routes do not exist. */
  admin(request: Request): Identity | undefined;
  metrics(request: Request, peer: Peer): Identity;
}

/** @throws ConfigError */
export function createAuthorization({ auth, admin, openMetrics }: GatewayOptions): Authorization {
  const callers = auth && createTokenCheck('gateway.auth', tokensOf(auth));
  const admins = admin && createTokenCheck('gateway.admin', admin);
  if (callers && admin) checkDistinct(admin, callers);
  const caller = (request: Request, peer: Peer): Identity =>
    callers ? byToken(request, callers) : byAddress(request, peer);
  return {
    hasTokens: callers !== undefined,
    caller,
    admin: (request) =>
      admins && (isReading(request) || isSameOrigin(request) ? byToken(request, admins) : foreignOrigin()),
    metrics(request, peer) {
      if (openMetrics) return { ok: true, name: undefined };
      const byAdmin = admins && byToken(request, admins);
      return byAdmin?.ok ? byAdmin : caller(request, peer);
    },
  };
}

/** A caller with the token of an administrator would be one. */
function checkDistinct(admin: Readonly<Record<string, Tokens>>, callers: TokenCheck): void {
  for (const [name, tokens] of Object.entries(admin)) {
    const other = [tokens]
      .flat()
      .map((token) => callers(`Bearer ${token}`))
      .find((found) => found !== undefined);
    if (other === undefined) continue;
    throw new ConfigError(`gateway.admin.${name}`, `should differ from the token of gateway.auth.${other}`);
  }
}

/** Only the tokens, whose form `createTokenCheck` checks. */
function tokensOf(auth: Readonly<Record<string, Tokens | CallerOptions>>): Record<string, Tokens> {
  if (typeof auth !== 'object' || auth === null || Array.isArray(auth)) return auth as never;
  return Object.fromEntries(
    Object.entries(auth).map(([name, value]) => [name, isOptions(value) ? value.token : value]),
  );
}

/** Whether a caller has options beside its token. */
export function isOptions(value: Tokens | CallerOptions): value is CallerOptions {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function byToken({ headers }: Request, check: TokenCheck): Identity {
  const authorization = headers.get('authorization');
  const name = check(authorization);
  if (name !== undefined) return { ok: true, name };
  const message = authorization
    ? 'Incorrect API key provided: the gateway knows no such token.'
    : "You didn't provide an API key: send the header Authorization: Bearer <token>.";
  return {
    ok: false,
    response: errorResponse({
      status: 401,
      message,
      code: 'invalid_api_key',
      headers: { 'www-authenticate': 'Bearer' },
    }),
  };
}

function byAddress(request: Request, peer: Peer): Identity {
  if (!isLocalRequest(request, peer)) {
    return refused('Without the option auth, the gateway serves only programs on its own machine.', 'loopback_only');
  }
  return isFromForeignPage(request) ? foreignOrigin() : { ok: true, name: undefined };
}

/**
 * Whether a page of another site makes a browser on this machine ask. A request without a body, such as the cancellation of a response, needs no
 * permission of the gateway (CORS): the browser sends it, and only names the page. The local application of a developer is no other site.
 */
function isFromForeignPage({ headers }: Request): boolean {
  const origin = headers.get('origin');
  if (origin !== null) return !URL.canParse(origin) || !isLoopbackHost(new URL(origin).host);
  // A link to `/metrics` may be followed.
  return headers.get('sec-fetch-site') === 'cross-site' && headers.get('sec-fetch-mode') !== 'navigate';
}

/** Programs send no `Origin`. Browsers send one with every request that changes something. */
function isSameOrigin({ headers, url }: Request): boolean {
  const origin = headers.get('origin');
  if (origin === null) return true;
  return URL.canParse(origin) && new URL(origin).host === (headers.get('host') ?? new URL(url).host);
}

const isReading = ({ method }: Request): boolean => method === 'GET' || method === 'HEAD';

const foreignOrigin = (): Identity => refused('The Origin of the request is another site.', 'foreign_origin');

function refused(message: string, code: string): Identity {
  return { ok: false, response: errorResponse({ status: 403, message, code }) };
}
