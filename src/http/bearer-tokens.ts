/** Who a request comes from, by its bearer token. */

import { hash, timingSafeEqual } from 'node:crypto';
import { checkObject } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';

/** The name of the token in an `Authorization` header; `undefined` without a known token. */
export type TokenCheck = (authorization: string | null) => string | undefined;

/**
 * Compares tokens in constant time: as hashes, which have one length, and always with all of them.
 *
 * @param path the path of the option, for errors
 * @param tokens tokens by name; a list rotates the token of a name: each of them is valid
 * @throws ConfigError without tokens, for a token that is too short or has white space, and for one that two names share. No message shows a token.
 */
export function createTokenCheck(
  path: string,
  tokens: Readonly<Record<string, string | readonly string[]>>,
): TokenCheck {
  checkObject(path, tokens, 'an object of tokens by name');
  const known = Object.entries(tokens).flatMap(([name, values]) =>
    [values].flat().map((token: unknown) => ({ name, digest: digestOf(checkToken(`${path}.${name}`, token)) })),
  );
  if (known.length === 0) throw new ConfigError(path, 'should have at least one token');
  for (const [index, { name, digest }] of known.entries()) {
    const other = known.slice(0, index).find((earlier) => earlier.digest.equals(digest));
    if (other) throw new ConfigError(`${path}.${name}`, `should differ from the token of ${other.name}`);
  }
  return (authorization) => {
    const digest = digestOf(/^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '');
    let found: string | undefined;
    for (const candidate of known) if (timingSafeEqual(candidate.digest, digest)) found = candidate.name;
    return found;
  };
}

/** The fewest characters of a token: 16 random letters and digits are 95 bits. */
const MIN_LENGTH = 16;

function checkToken(path: string, token: unknown): string {
  if (typeof token !== 'string') throw new ConfigError(path, 'should be a string');
  if (token.length < MIN_LENGTH) throw new ConfigError(path, `should have at least ${MIN_LENGTH} characters`);
  if (!/^[\x21-\x7e]+$/.test(token)) throw new ConfigError(path, 'should contain only visible ASCII characters');
  return token;
}

function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
