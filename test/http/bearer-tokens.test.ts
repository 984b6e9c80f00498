/** `createTokenCheck`: the name of a bearer token. */

import { expect, test } from 'vitest';
import { createTokenCheck } from '../../src/http/bearer-tokens.ts';
import { messageOf } from '../support/message-of.ts';

const TEAM = 'token-of-the-team';
const OLD = 'former-token-of-ci';
const NEW = 'current-token-of-ci';
const nameOf = createTokenCheck('auth', { team: TEAM, ci: [OLD, NEW] });

test.each([
  [`Bearer ${TEAM}`, 'team'],
  [`bearer   ${TEAM} `, 'team'],
  [`Bearer ${OLD}`, 'ci'],
  [`Bearer ${NEW}`, 'ci'],
  [`Bearer ${TEAM}x`, undefined],
  [`Bearer ${TEAM.slice(1)}`, undefined],
  [`Bearer ${TEAM}, Bearer ${NEW}`, undefined],
  [`Basic ${TEAM}`, undefined],
  [TEAM, undefined],
  ['Bearer ', undefined],
  ['', undefined],
  [null, undefined],
])('%j is of %s', (authorization, name) => {
  expect(nameOf(authorization)).toBe(name);
});

test.each([
  [{}, 'auth should have at least one token'],
  ['a-token-without-its-name', 'auth should be an object of tokens by name, got a string'],
  [{ a: 'short-secret' }, 'auth.a should have at least 16 characters'],
  [{ a: `${TEAM} ` }, 'auth.a should contain only visible ASCII characters'],
  [{ a: 1 }, 'auth.a should be a string'],
  [{ a: TEAM, b: [NEW, TEAM] }, 'auth.b should differ from the token of a'],
])('the tokens %j are refused without being shown', (tokens, message) => {
  expect(messageOf(() => createTokenCheck('auth', tokens as Record<string, string>))).toBe(message);
});
