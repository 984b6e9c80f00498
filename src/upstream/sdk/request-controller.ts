/**
 * Ends a request that is still on its way by the SDK's own controller. A signal would do as well, but the SDK pays about 14 µs
 * for each signal that it is given.
 */

import type { ClientOptions, OpenAI } from 'openai';
import type { Controlled } from '../../resilience/time-limit.ts';

/** A symbol on the request, not enumerable: the SDK hands copies of what is enumerable to `fetch`. */
const CONTROLLED = Symbol('openai-canary.controlled');

/** `controlled` will be told the controller of `request`, if its client shows it. */
export function markControlled(request: object, controlled: Controlled): void {
  Object.defineProperty(request, CONTROLLED, { value: controlled });
}

/** The hook by which clients of the SDK add what their credentials need; Azure's has one of its own. */
type FetchWithAuth = (this: unknown, url: unknown, init: object, ...rest: readonly unknown[]) => Promise<Response>;

interface Hooks {
  readonly _options: ClientOptions;
  readonly fetchWithAuth?: FetchWithAuth;
}

/**
 * Has `client` show the controllers of its requests, by a `fetchWithAuth` of its own that is not enumerable; says whether it
 * will. Clients with an X.509 identity refuse such a hook, and older SDKs have none.
 */
export function showControllers(client: OpenAI): boolean {
  const { fetchWithAuth, _options } = client as unknown as Hooks;
  if (typeof fetchWithAuth !== 'function' || isX509(_options)) return false;
  const value: FetchWithAuth = function (url, init, timeout, controller, ...rest) {
    const { [CONTROLLED]: controlled } = init as { readonly [CONTROLLED]?: Controlled };
    if (controller instanceof AbortController) controlled?.controlledBy(controller);
    return fetchWithAuth.call(this, url, init, timeout, controller, ...rest);
  };
  Object.defineProperty(client, 'fetchWithAuth', { value, configurable: true, writable: true });
  return true;
}

/** Whether a client proves who it is by a certificate; its retries are then the SDK's own, which alone can renew it. */
export function isX509(options: object): boolean {
  const { x509Transport, credential } = options as Readonly<Record<string, unknown>>;
  return x509Transport !== undefined || credential !== undefined;
}
