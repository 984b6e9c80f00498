/** Recognizes the secrets of a request, and redacts them in errors. Secrets identify the caller to one provider and must not reach another. */

import { APIError } from 'openai';

/** The parts of a request that may contain secrets. */
export interface SentRequest {
  /** In any form that the SDK accepts. */
  readonly headers: unknown;
  readonly url: string;
}

/** Whether a header or query parameter of this name may contain a secret, or identify an account. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) || ACCOUNT_NAME.test(name);
}

const SECRET_NAME =
  /auth|cookie|credential|passw|secret|session|signature|\bsig\b|token|api-?_?key|(?<!idempotency)[-_]key$|^key$/i;
/** Account names are not secret. Providers name them in errors, where users need them. */
const ACCOUNT_NAME = /^openai-(organization|project)$/i;

/** All secrets of a request: the whole values, and the parts of them that follow a scheme or a name. */
export function secretsOf({ headers, url }: SentRequest): readonly string[] {
  const { password = '', searchParams = [] } = URL.parse(url) ?? {};
  return [...headerEntries(headers), ...searchParams, ['password', password] as const]
    .filter(([name]) => SECRET_NAME.test(name))
    .flatMap(([, value]) => (value === null ? [] : [value, ...partsOf(value)]));
}

/** Splits `Bearer <token>` and `name=<value>; name=<value>`. */
function partsOf(value: string): string[] {
  return value.split(/[\s;,]+/).map((part) => part.slice(/^[\w-]+=(?=[^=])/.exec(part)?.[0].length ?? 0));
}

/** Replaces all `secrets` in the message, stack, body and causes of `error`: providers echo the key that they reject. */
export function redact(error: unknown, secrets: readonly (string | null | undefined)[]): void {
  const known = [...new Set(secrets)].filter(isKey);
  if (known.length === 0) return;
  // Longest first, since one secret may contain another.
  const patterns = known.toSorted((one, other) => other.length - one.length).map(patternOf);
  cleanError(
    error,
    (text) => patterns.reduce((cleaned, pattern) => cleaned.replace(pattern, REDACTED), text),
    MAX_CAUSES,
  );
}

const REDACTED = '[redacted]';

/** Shorter strings are not keys, and would match in any text. */
const MIN_LENGTH = 4;
/** Secrets of at least this length match anywhere. Shorter ones, such as `test`, match only whole words. */
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

/** The body, and the fields that the SDK copies from it. */
const BODY_FIELDS = ['error', 'code', 'param', 'type'] as const;

/** Bodies of errors are shallow. */
const MAX_DEPTH = 8;

function cleanFields(value: unknown, clean: Clean, depth: number): void {
  if (typeof value !== 'object' || value === null || depth === 0) return;
  for (const [name, field] of Object.entries(value)) {
    cleanField(value, name, clean);
    cleanFields(field, clean, depth - 1);
  }
}

/** Writes only fields that change: some, such as the message of a `DOMException`, are read-only. */
function cleanField(holder: object, name: string, clean: Clean): void {
  const text: unknown = Reflect.get(holder, name);
  if (typeof text !== 'string') return;
  const cleaned = clean(text);
  if (cleaned !== text) Reflect.set(holder, name, cleaned);
}

/** The entries of headers in any form that the SDK accepts. Names are in lower case. The value `null` removes a default header. */
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
