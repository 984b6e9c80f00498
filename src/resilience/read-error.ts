/** Reads the errors of the `openai` SDK, whichever copy of it threw them, and those of the transport below it. */

import { APIConnectionError, APIConnectionTimeoutError, APIUserAbortError, OpenAIError } from 'openai';
import { type Fields, fields, isRecord } from '../domain/json.ts';
import type { ResponseHeaders } from './retry-after.ts';

export type SdkError =
  | { readonly is: 'aborted' }
  | { readonly is: 'timeout' }
  | { readonly is: 'connection' }
  /** The client's own identity provider refused the credentials: no request was sent. */
  | { readonly is: 'credentials'; readonly response: ErrorResponse }
  | { readonly is: 'response'; readonly response: ErrorResponse }
  /** Thrown before or after the request: a token could not be fetched, an answer could not be parsed. */
  | { readonly is: 'local' };

/** An error that came as a response, or inside the stream of a 200. */
export interface ErrorResponse {
  /** The status of the response; `undefined` for an error inside a stream. */
  readonly status: number | undefined;
  /** The status that the body names, as relays do inside a stream. */
  readonly statusInBody: number | undefined;
  /** Headers of the response. Those of a stream were sent before its error happened. */
  readonly headers: ResponseHeaders | undefined;
  readonly code: string | undefined;
  readonly type: string | undefined;
  /** The request's field that the error is about. */
  readonly param: string | undefined;
  /** The body, if it was JSON, without its outer `error`; `undefined` for a page of HTML. */
  readonly body: unknown;
  /** Message, code, type and everything else that names a reason, in lower case. The message of an odd body is its JSON. */
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
 * `instanceof` recognises one copy of the SDK only. An application may have two, one of ESM and one of CommonJS, or one in a
 * dependency, so the name of the class counts as well.
 */
function isNamed(error: object, name: string): boolean {
  for (let proto: unknown = error; isRecord(proto); proto = Object.getPrototypeOf(proto)) {
    if (typeof proto.constructor === 'function' && proto.constructor.name === name) return true;
  }
  return false;
}

/** Checks the fields, which survive a bundler that renames classes. */
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
    body: error.error,
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

/** Accepts a status that is written as a string. */
function number(value: unknown): number | undefined {
  const parsed = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value;
  return typeof parsed === 'number' ? parsed : undefined;
}

/** An error from below the SDK. Most occur while a body is read, where the SDK does not wrap them. */
export type TransportError = 'aborted' | 'malformed' | 'connection' | 'headersTimeout' | 'idleTimeout';

/** `undefined` for an error that does not come from the network, such as one thrown by the caller's own code. */
export function readTransportError(error: unknown): TransportError | undefined {
  const { name, message, code } = fields(error);
  if (name === 'AbortError') return 'aborted';
  if (name === 'SyntaxError') return 'malformed';
  if (name === 'TimeoutError') return 'headersTimeout';
  const causeCode = fields(fields(error).cause).code;
  return kindOfCode(code) ?? kindOfCode(causeCode) ?? (isFetchFailure(name, message) ? 'connection' : undefined);
}

/** Codes of Node's sockets, of `undici` (Node's `fetch`) and of `zlib`, which decompresses its bodies. */
function kindOfCode(code: unknown): TransportError | undefined {
  if (typeof code !== 'string') return undefined;
  if (code === 'UND_ERR_BODY_TIMEOUT') return 'idleTimeout';
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return 'headersTimeout';
  if (/^Z_(DATA|BUF)_ERROR$/.test(code)) return 'malformed';
  return CONNECTION_CODE.test(code) ? 'connection' : undefined;
}

const CONNECTION_CODE =
  /^(ECONN(RESET|REFUSED|ABORTED)|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|E(HOST|NET)UNREACH|ENETDOWN|ERR_STREAM_PREMATURE_CLOSE|UND_ERR_(SOCKET|CLOSED|DESTROYED|CONNECT_TIMEOUT|RES_\w+))$/;

/** A `TypeError` of `fetch`, by the messages of Node, Chrome, Firefox and Safari; every other one is a bug in code. */
function isFetchFailure(name: unknown, message: unknown): boolean {
  return name === 'TypeError' && typeof message === 'string' && FETCH_FAILURE.test(message);
}

const FETCH_FAILURE = /^(terminated|fetch failed|failed to fetch|load failed|network ?error|network connection lost)/i;
