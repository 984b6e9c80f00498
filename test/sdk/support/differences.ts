/** The documented differences between a bare client and ours, with reasons. Everything else must be equal. */

import { OpenAIError } from 'openai';
import { ConfigError } from '../../../src/index.ts';
import type { Difference, Observation } from './behaviour.ts';
import type { SentRequest } from './server.ts';

const eachRequest =
  (change: (request: SentRequest) => SentRequest) =>
  (bare: Observation): Observation => ({ ...bare, requests: bare.requests.map(change) });

export const asksForUsage: Difference = {
  reason:
    'Streams of chat and completions must report usage, because their cost would be unknown; the usage chunk is hidden.',
  change: eachRequest((request) => {
    if (!/^POST/i.test(request.method) || !/\/completions(\?|$)/.test(request.url)) return request;
    if (!request.body?.startsWith('{')) return request;
    const body = JSON.parse(request.body) as { stream?: boolean; stream_options?: object };
    if (body.stream !== true || (body.stream_options && 'include_usage' in body.stream_options)) return request;
    return {
      ...request,
      body: JSON.stringify({ ...body, stream_options: { ...body.stream_options, include_usage: true } }),
    };
  }),
};

/** Changes the answer to "is it the same object?". */
export const passesOnRawStreams: Difference = {
  reason: 'The bytes of a raw stream pass through our client, which reads its usage and removes the usage chunk.',
  change: (bare) => ({ ...bare, returned: false }),
};

/** For portable calls; calls that belong to an account stay on the client's own connection. */
export const leavesByOtherClient = (to: { url: string; key: string }): Difference =>
  leaves(to, PORTABLE, ({ method }) => method === 'POST');

/** For calls on a stored response; lists stay on the client's own connection. */
export const asksStableForResponse = (to: { url: string; key: string }): Difference => leaves(to, STORED, () => true);

const leaves = (
  { url, key }: { url: string; key: string },
  address: RegExp,
  isMeant: (request: SentRequest) => boolean,
): Difference => {
  const moved = (from: string): string => from.replace(address, `${url}/$1`);
  return {
    reason: 'Another upstream has its own address and credentials, and gets no identity of the client.',
    change: (bare) => {
      const requests = bare.requests.map((request) => {
        if (!isMeant(request) || !address.test(request.url)) return request;
        const headers = Object.entries(request.headers).filter(([name]) => !IDENTITY.includes(name));
        const authorized = { ...Object.fromEntries(headers), authorization: `Bearer ${key}` };
        return { ...request, url: moved(request.url), headers: authorized };
      });
      return { ...onAddresses(bare, moved), requests };
    },
  };
};

/** Portable calls, including those of Azure, which puts the model before the path. */
const PORTABLE =
  /^https:\/\/[^/]+\/(?:v1|openai(?:\/deployments\/[^/]+)?)\/(chat\/completions|completions|responses|embeddings|moderations)(?=\?|$)/;

const STORED = /^https:\/\/home\.test\/v1\/(responses\/resp_1(?:\/cancel)?)(?=\?|$)/;

const IDENTITY = ['authorization', 'api-key', 'openai-organization', 'openai-project'];

/** The observation with the addresses of its responses changed. */
function onAddresses<T>(seen: T, change: (url: string) => string): T {
  if (typeof seen !== 'object' || seen === null) return seen;
  if (Array.isArray(seen)) return seen.map((item: unknown) => onAddresses(item, change)) as T;
  const entries = Object.entries(seen).map(([name, value]: [string, unknown]) => [
    name,
    name === 'url' && typeof value === 'string' ? change(value) : onAddresses(value, change),
  ]);
  return Object.fromEntries(entries) as T;
}

/** Changes a log of `[level, message, …]`. */
export const logsMore: Difference = {
  reason: 'Our client passes `maxRetries: 0` to the SDK, and warns once of an unknown price.',
  change: (bare) => {
    const lines = bare.returned as [string, string, { options?: { path?: string } }?][];
    const expected = lines.map(([level, message, details]) => {
      if (details?.options?.path !== '/chat/completions') return [level, message, details].slice(0, details ? 3 : 2);
      return [level, message, { ...details, options: { ...details.options, maxRetries: 0 } }];
    });
    const parsed = lines.findIndex(([, message]) => message.endsWith('response parsed'));
    expected.splice(parsed < 0 ? expected.length : parsed + 1, 0, [
      'warn',
      '[openai-canary] No price is known for gpt-4.1 on openai: its cost is counted as unknown (code: price)',
    ]);
    return { ...bare, returned: expected };
  },
};

export const tellsCauseOfAbort: Difference = {
  reason: 'The wait before a retry is ours. Its abort error has a cause, as in the SDK since version 7.',
  change: (bare) => ({
    ...bare,
    threw: { 'hidden cause': { classes: [DOMException, Error, Object] }, ...(bare.threw as object) },
  }),
};

export const validatesKeys = (rule: string): Difference => ({
  reason: 'Options are validated when the client is built, and no message shows a key.',
  change: () => ({
    threw: {
      classes: [ConfigError, OpenAIError, Error, Object],
      code: 'CONFIG',
      'hidden message': `apiKey ${rule}`,
      name: 'ConfigError',
      path: 'apiKey',
    },
    requests: [],
    streamEnds: [],
  }),
});

export const needsNoKey: Difference = {
  reason: 'A client needs no key where another upstream is stable and gets all calls.',
  change: () => ({ returned: '[client]', requests: [], streamEnds: [] }),
};

/** @param names header names, or `?` for the query */
export const inheritsNone = (...names: readonly string[]): Difference => ({
  reason: 'An upstream with its own address inherits no default headers and no default query.',
  change: eachRequest((request) => {
    if (!request.url.startsWith('https://other.test/')) return request;
    const headers = Object.entries(request.headers).filter(([name]) => !names.includes(name));
    const url = names.includes('?') ? request.url.replace(/\?.*/, '') : request.url;
    return { ...request, url, headers: Object.fromEntries(headers) };
  }),
});

/** The difference in both settings with a `canary` option. */
export const inBoth = (difference: Difference) => ({ on: [difference], elsewhere: [difference] });

/** Only the SDK's Azure client forbids redirects, and not in its older versions. */
export const isNoAzureClient: Difference = {
  reason: 'An upstream that is not Azure gets none of the additions of the Azure client.',
  change: eachRequest((request) => {
    if (!request.url.startsWith('https://other.test/')) return request;
    const { redirect: _, ...init } = request.init;
    return { ...request, url: request.url.replace(/\?.*/, ''), init };
  }),
};
