/** Who may do what. */

import { createTokenCheck, type TokenCheck } from '../http/bearer-tokens.ts';
import { isLocalRequest } from '../http/loopback.ts';
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
  const caller = (request: Request, peer: Peer): Identity =>
    callers ? byToken(request, callers) : byAddress(request, peer);
  return {
    hasTokens: callers !== undefined,
    caller,
    admin: (request) => admins && byToken(request, admins),
    metrics(request, peer) {
      if (openMetrics) return { ok: true, name: undefined };
      const byAdmin = admins && byToken(request, admins);
      return byAdmin?.ok ? byAdmin : caller(request, peer);
    },
  };
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
  if (isLocalRequest(request, peer)) return { ok: true, name: undefined };
  const message = 'Without the option auth, the gateway serves only programs on its own machine.';
  return { ok: false, response: errorResponse({ status: 403, message, code: 'loopback_only' }) };
}
