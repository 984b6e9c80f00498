/** Lets the SDK parse a response that did not come from one of its requests, such as one from the cache. */

import { APIPromise } from 'openai';
import type { Answer } from '../attempt-types.ts';
import { parse, type OpenAI, type RequestOptions, type ResponseProps } from './types.ts';

/** A response, and the request that it answers. */
export interface ReplayedResponse extends Pick<ResponseProps, 'response' | 'controller' | 'startTime'> {
  readonly client: OpenAI;
  readonly options: RequestOptions;
}

/** The answer that the SDK would parse from a response: a body, or a stream that `controller` ends. */
export function answerOf({ client, options, response, controller, startTime }: ReplayedResponse): Answer {
  const props = { response, options, controller, requestLogID: 'replayed', retryOfRequestLogID: undefined, startTime };
  const promise = new APIPromise<unknown>(client, Promise.resolve(props));
  return { kind: 'raw', response, parse: () => parse(promise) };
}
