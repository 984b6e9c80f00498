/** What an error of the `openai` SDK says, whichever copy of the SDK threw it. */

import { APIConnectionError, APIConnectionTimeoutError, APIUserAbortError, OpenAIError } from 'openai';
import { type Fields, fields, isRecord } from '../domain/json.ts';
import type { ResponseHeaders } from './retry-after.ts';

export type SdkError =
  | { readonly is: 'aborted' }
  | { readonly is: 'timeout' }
  | { readonly is: 'connection' }
  /** The client's own identity provider refused it: no request was sent. */
  | { readonly is: 'credentials'; readonly response: ErrorResponse }
  | { readonly is: 'response'; readonly response: ErrorResponse }
  /** Thrown around a request, not by one: a token that could not be had, an answer that could not be parsed. */
  | { readonly is: 'local' };

/** An error that came as a response, or inside the stream of a 200. */
export interface ErrorResponse {
  /** The status of the response; `undefined` for an error inside a stream. */
  readonly status: number | undefined;
  /** A status that the body names, as relays do inside a stream. */
  readonly statusInBody: number | undefined;
  /** Of the response. Those of a stream were sent before its error happened. */
  readonly headers: ResponseHeaders | undefined;
  readonly code: string | undefined;
  readonly type: string | undefined;
  /** The request's field that the error is about. */
  readonly param: string | undefined;
  /** Message, code, type and all else that names a reason, in lower case. The message of an odd body is its JSON. */
  readonly text: string;
}

/** `undefined` for an error that is not one of the SDK's. */
export function readSdkError(error: unknown): SdkError | undefined {
  if (!isRecord(error)) return undefined;
  if (error instanceof APIUserAbortError || isNamed(error, 'APIUserAbortError')) return { is: 'aborted' };
  if (error instanceof APIConnectionTimeoutError || isNamed(error, 'APIConnectionTimeoutError'))
    return { is: 'timeout' };
  if (error instanceof APIConnectionError || isNamed(error, 'APIConnectionError')) return { is: 'connection' };
  if (isNamed(error, 'OAuthError')) return { is: 'credentials', response: readResponse(error) };
  if (isApiError(error)) return { is: 'response', response: readResponse(error) };
  return error instanceof OpenAIError || isNamed(error, 'OpenAIError') ? { is: 'local' } : undefined;
}

/**
 * `instanceof` knows one copy of the SDK only, and an application may hold two: one of ESM and one of CommonJS, or one in
 * a dependency. So the class's name counts as well.
 */
function isNamed(error: object, name: string): boolean {
  for (let proto: unknown = error; isRecord(proto); proto = Object.getPrototypeOf(proto)) {
    if (typeof proto.constructor === 'function' && proto.constructor.name === name) return true;
  }
  return false;
}

/** By its fields, which stay even where a bundler has renamed the classes. */
function isApiError(error: Fields): boolean {
  return 'status' in error && 'headers' in error && 'requestID' in error;
}

function readResponse(error: Fields): ErrorResponse {
  const body = fields(error.error);
  const reasons = [error.message, body.message, body.code, body.type, body.status];
  const nested = [fields(body.innererror).code, fields(body.metadata).raw];
  return {
    status: number(error.status),
    statusInBody: number(body.code) ?? number(body.status_code) ?? number(body.status),
    headers: isHeaders(error.headers) ? error.headers : undefined,
    code: string(body.code),
    type: string(body.type),
    param: string(body.param),
    text: [...reasons, ...nested]
      .filter((reason) => typeof reason === 'string')
      .join('\n')
      .toLowerCase(),
  };
}

function isHeaders(value: unknown): value is ResponseHeaders {
  return isRecord(value) && typeof value.get === 'function';
}

function string(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Also of a number written as a string. */
function number(value: unknown): number | undefined {
  const parsed = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value;
  return typeof parsed === 'number' ? parsed : undefined;
}
