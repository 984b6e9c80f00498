/** What of a request is secret: what names or proves who the caller is to one provider, and must not reach another. */

import { headerEntries } from './header-entries.ts';

/** A request as far as secrets stand in it. */
export interface SentRequest {
  /** In any form that the SDK takes. */
  readonly headers: unknown;
  readonly url: string;
}

/** Whether a header or query parameter of this name may hold a secret, or an account's identity. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) || ACCOUNT_NAME.test(name);
}

const SECRET_NAME =
  /auth|cookie|credential|passw|secret|session|signature|\bsig\b|token|api-?_?key|(?<!idempotency)[-_]key$|^key$/i;
/** No secrets: providers name them in their errors, and people need them there. */
const ACCOUNT_NAME = /^openai-(organization|project)$/i;

/** Everything that was sent and is nobody's business: the values whole, and what stands behind a scheme or a name in them. */
export function secretsOf({ headers, url }: SentRequest): readonly string[] {
  const { password = '', searchParams = [] } = URL.parse(url) ?? {};
  return [...headerEntries(headers), ...searchParams, ['password', password] as const]
    .filter(([name]) => SECRET_NAME.test(name))
    .flatMap(([, value]) => (value === null ? [] : [value, ...partsOf(value)]));
}

/** `Bearer <token>`, `name=<value>; name=<value>`. */
function partsOf(value: string): string[] {
  return value.split(/[\s;,]+/).map((part) => part.slice(/^[\w-]+=(?=[^=])/.exec(part)?.[0].length ?? 0));
}
