/** The documented differences between a bare client and ours, each with its reason. All else must be the same. */

import { OpenAIError } from 'openai';
import { ConfigError } from '../../../src/index.ts';
import type { Difference, Observation } from './behaviour.ts';
import type { SentRequest } from './server.ts';

const eachRequest =
  (change: (request: SentRequest) => SentRequest) =>
  (bare: Observation): Observation => ({ ...bare, requests: bare.requests.map(change) });

export const asksForUsage: Difference = {
  reason: 'Streams of chat and completions tell their usage, or their cost could not be known; the chunk is hidden.',
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

/** Changes the answer to whether it is the very object. */
export const passesOnRawStreams: Difference = {
  reason: 'The bytes of a raw stream pass by us, so that its usage is known and the chunk that tells it is left out.',
  change: (bare) => ({ ...bare, returned: false }),
};

/** For calls that can move; those that belong to an account stay on the client's own. */
export const leavesByOtherClient = ({ url, key }: { url: string; key: string }): Difference => {
  const moved = (address: string): string => address.replace(MOVES, `${url}/$1`);
  return {
    reason: 'Another upstream has its own address and credentials, and is sent none of the client’s identity.',
    change: (bare) => {
      const requests = bare.requests.map((request) => {
        if (request.method !== 'POST' || !MOVES.test(request.url)) return request;
        const headers = Object.entries(request.headers).filter(([name]) => !IDENTITY.includes(name));
        const authorized = { ...Object.fromEntries(headers), authorization: `Bearer ${key}` };
        return { ...request, url: moved(request.url), headers: authorized };
      });
      return { ...onAddresses(bare, moved), requests };
    },
  };
};

/** Also at Azure, which puts the model before the path. */
const MOVES =
  /^https:\/\/[^/]+\/(?:v1|openai(?:\/deployments\/[^/]+)?)\/(chat\/completions|completions|responses|embeddings|moderations)(?=\?|$)/;

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

/** Only where a `canary` option makes retries ours. */
export const triesOnce = (reason: string): Difference => ({ reason, options: { maxRetries: 0 } });

/** Changes a log of `[level, message, …]`. */
export const logsMore: Difference = {
  reason: 'The SDK is told the count of a retry by its option `maxRetries`, and an unknown price is warned of, once.',
  change: (bare) => {
    const lines = bare.returned as [string, string, { options?: { path?: string } }?][];
    const told = lines.map(([level, message, details]) => {
      if (details?.options?.path !== '/chat/completions') return [level, message, details].slice(0, details ? 3 : 2);
      return [level, message, { ...details, options: { ...details.options, maxRetries: 0 } }];
    });
    const parsed = lines.findIndex(([, message]) => message.endsWith('response parsed'));
    told.splice(parsed < 0 ? told.length : parsed + 1, 0, [
      'warn',
      '[openai-canary] No price is known for gpt-4.1 on openai: its cost is counted as unknown',
    ]);
    return { ...bare, returned: told };
  },
};

export const tellsCauseOfAbort: Difference = {
  reason: 'The wait before a retry is ours; an abort of it names its cause, as the SDK does since version 7.',
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

/** Header names, or `?` for the query. */
export const inheritsNone = (...names: readonly string[]): Difference => ({
  reason: 'An upstream with an address of its own inherits no default headers and no default query.',
  change: eachRequest((request) => {
    if (!request.url.startsWith('https://other.test/')) return request;
    const headers = Object.entries(request.headers).filter(([name]) => !names.includes(name));
    const url = names.includes('?') ? request.url.replace(/\?.*/, '') : request.url;
    return { ...request, url, headers: Object.fromEntries(headers) };
  }),
});

/** The settings in which retries are ours. */
export const inBoth = (difference: Difference) => ({ on: [difference], elsewhere: [difference] });

/** The SDK's Azure client alone follows no redirects; older versions of it say nothing of the matter. */
export const isNoAzureClient: Difference = {
  reason: 'Another upstream than Azure has none of what only Azure’s client sends.',
  change: eachRequest((request) => {
    if (!request.url.startsWith('https://other.test/')) return request;
    const { redirect: _, ...init } = request.init;
    return { ...request, url: request.url.replace(/\?.*/, ''), init };
  }),
};
