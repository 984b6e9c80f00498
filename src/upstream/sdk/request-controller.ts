/**
 * Exposes the SDK's own abort controller of each request, to end requests in flight. A signal would work too, but costs the SDK about
 * 14 µs for each request.
 */

import type { ClientOptions, OpenAI } from 'openai';
import type { Controlled } from '../../resilience/time-limit.ts';

/** A symbol on the request. Not enumerable, since the SDK copies enumerable properties to `fetch`. */
const CONTROLLED = Symbol('openai-canary.controlled');

/** Passes the controller of `request` to `controlled`, if the client exposes it. */
export function markControlled(request: object, controlled: Controlled): void {
  Object.defineProperty(request, CONTROLLED, { value: controlled });
}

/** The hook in which SDK clients authenticate a request. Azure's client overrides it. */
type FetchWithAuth = (this: unknown, url: unknown, init: object, ...rest: readonly unknown[]) => Promise<Response>;

interface Hooks {
  readonly _options: ClientOptions;
  readonly fetchWithAuth?: FetchWithAuth;
}

/**
 * Makes `client` expose the controllers of its requests, by a `fetchWithAuth` of its own that is not enumerable. Returns whether it
 * does: clients with an X.509 identity reject such a hook, and older SDKs do not have it.
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

/** Whether a client authenticates with a certificate. Its retries are then left to the SDK, which alone can renew it. */
export function isX509(options: object): boolean {
  const { x509Transport, credential } = options as Readonly<Record<string, unknown>>;
  return x509Transport !== undefined || credential !== undefined;
}
