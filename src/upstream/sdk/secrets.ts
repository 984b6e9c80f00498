/** What of a request is secret: what names or proves who the caller is to one provider, and must not reach another. */

import { APIError } from 'openai';

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

/* PART: Takes secrets out of errors: providers echo the key that they refuse. */

/** Replaces every one of `secrets` in what `error` shows: its message, stack, body and causes. */
export function redact(error: unknown, secrets: readonly (string | null | undefined)[]): void {
  const known = [...new Set(secrets)].filter(isKey);
  if (known.length === 0) return;
  // The longest first: one may hold another.
  const patterns = known.toSorted((one, other) => other.length - one.length).map(patternOf);
  cleanError(error, (text) => patterns.reduce((kept, pattern) => kept.replace(pattern, REDACTED), text), MAX_CAUSES);
}

const REDACTED = '[redacted]';

/** Shorter strings are no keys, and would be found in any text. */
const MIN_LENGTH = 4;
/** From this length on a secret is looked for anywhere. A shorter one, `test` or `none`, may be part of a word. */
const MIN_LENGTH_WITHIN_WORDS = 8;

function isKey(secret: string | null | undefined): secret is string {
  return typeof secret === 'string' && secret.length >= MIN_LENGTH;
}

function patternOf(secret: string): RegExp {
  const forms = [secret, encodeURIComponent(secret)].map((form) => form.replace(/[^\w]/g, String.raw`\$&`));
  const either = `(?:${[...new Set(forms)].join('|')})`;
  return new RegExp(secret.length < MIN_LENGTH_WITHIN_WORDS ? `(?<![\\w-])${either}(?![\\w-])` : either, 'g');
}

type Clean = (text: string) => string;

const MAX_CAUSES = 4;

function cleanError(error: unknown, clean: Clean, depth: number): void {
  if (!(error instanceof Error) || depth === 0) return;
  cleanField(error, 'message', clean);
  cleanField(error, 'stack', clean);
  cleanError(error.cause, clean, depth - 1);
  if (!(error instanceof APIError)) return;
  for (const name of BODY_FIELDS) cleanField(error, name, clean);
  cleanFields(error.error, clean, MAX_DEPTH);
}

/** The body, and what the SDK takes out of it. */
const BODY_FIELDS = ['error', 'code', 'param', 'type'] as const;

/** Bodies of errors are flat. */
const MAX_DEPTH = 8;

function cleanFields(value: unknown, clean: Clean, depth: number): void {
  if (typeof value !== 'object' || value === null || depth === 0) return;
  for (const [name, field] of Object.entries(value)) {
    cleanField(value, name, clean);
    cleanFields(field, clean, depth - 1);
  }
}

/** Writes only what changes: some fields, such as the message of a `DOMException`, cannot be written. */
function cleanField(holder: object, name: string, clean: Clean): void {
  const text: unknown = Reflect.get(holder, name);
  if (typeof text !== 'string') return;
  const cleaned = clean(text);
  if (cleaned !== text) Reflect.set(holder, name, cleaned);
}

/* PART: Headers in every form that the SDK takes. */

/** The entries, names in lower case; `null` removes a default header. */
export function headerEntries(headers: unknown): [string, string | null][] {
  if (typeof headers !== 'object' || headers === null) return [];
  if ('values' in headers && headers.values instanceof Headers) {
    const removed = 'nulls' in headers && headers.nulls instanceof Set ? [...headers.nulls] : [];
    return [...headers.values, ...removed.map((name): [string, null] => [String(name), null])];
  }
  // `Headers` and lists of pairs are iterable, records are not.
  const rows = Symbol.iterator in headers ? [...(headers as Iterable<[unknown, unknown]>)] : Object.entries(headers);
  return rows.flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((item) => item !== undefined)
      .map((item): [string, string | null] => [String(name).toLowerCase(), item === null ? null : String(item)]),
  );
}
