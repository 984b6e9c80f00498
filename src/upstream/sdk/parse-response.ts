/** Has the SDK parse a response that no request of its brought. */

import { APIPromise } from 'openai';
import type { Answer } from '../attempt-types.ts';
import { parse, type OpenAI, type RequestOptions, type ResponseProps } from './types.ts';

/** What came, and how it was asked for. */
export interface ReplayedResponse extends Pick<ResponseProps, 'response' | 'controller' | 'startTime'> {
  readonly client: OpenAI;
  readonly options: RequestOptions;
}

/** The answer that the SDK would make of a response: a body, or a stream that `controller` ends. */
export function answerOf({ client, options, response, controller, startTime }: ReplayedResponse): Answer {
  const props = { response, options, controller, requestLogID: 'replayed', retryOfRequestLogID: undefined, startTime };
  const promise = new APIPromise<unknown>(client, Promise.resolve(props));
  return { kind: 'raw', response, parse: () => parse(promise) };
}
