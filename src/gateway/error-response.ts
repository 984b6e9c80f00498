/** Errors in the form of OpenAI's API, so that every client reads them as it reads those of OpenAI. */

import { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from 'openai';
import {
  BreakerOpenError,
  BudgetExceededError,
  CapabilityError,
  ConfigError,
  CostCapError,
  DeadlineError,
  RateLimitedError,
  StreamInterruptedError,
  UnknownPriceError,
} from '../index.ts';

/** The object below `error` in a body. */
export interface ErrorDetail {
  readonly message: string;
  readonly type:
    'invalid_request_error' | 'authentication_error' | 'rate_limit_error' | 'insufficient_quota' | 'server_error';
  readonly param: string | null;
  readonly code: string | null;
}

/** An error and its status, before it is a response. */
export interface ApiError extends Partial<Omit<ErrorDetail, 'message'>> {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function errorResponse({ status, headers, ...error }: ApiError): Response {
  return Response.json({ error: detailOf({ status, ...error }) }, { status, headers: { ...headers } });
}

export function detailOf({ status, message, type, param = null, code = null }: ApiError): ErrorDetail {
  return { message, type: type ?? (status >= 500 ? 'server_error' : 'invalid_request_error'), param, code };
}

/** A time in ms since the Unix epoch, as the header `retry-after` states it. */
export function retryAfter(atMs: number, nowMs: number): Record<string, string> {
  if (!Number.isFinite(atMs)) return {};
  return { 'retry-after': String(Math.max(1, Math.ceil((atMs - nowMs) / 1_000))) };
}

/** Waiting does not help within the time that a client waits. The SDK heeds it. */
const NO_RETRY = { 'x-should-retry': 'false' };

/** What a client learns of the error of a call; `undefined` for an error that is unexpected, whose text it does not learn. */
export function explainError(error: unknown, nowMs: number): ApiError | undefined {
  if (error instanceof ConfigError) return { status: 400, message: error.message, code: 'invalid_routing' };
  if (error instanceof RateLimitedError) {
    const headers = retryAfter(error.retryAtMs, nowMs);
    return { status: 429, message: error.message, type: 'rate_limit_error', code: 'rate_limit_exceeded', headers };
  }
  if (error instanceof BudgetExceededError) {
    const headers = { ...retryAfter(error.resetsAtMs, nowMs), ...NO_RETRY };
    return { status: 429, message: error.message, type: 'insufficient_quota', code: 'insufficient_quota', headers };
  }
  if (error instanceof CostCapError) return { status: 400, message: error.message, code: 'cost_cap' };
  if (error instanceof CapabilityError) return { status: 400, message: error.message, code: 'unsupported_capability' };
  if (error instanceof UnknownPriceError) {
    return { status: 500, message: error.message, code: 'unknown_price', headers: NO_RETRY };
  }
  if (error instanceof BreakerOpenError) {
    return { status: 503, message: error.message, code: 'breaker_open', headers: retryAfter(error.untilMs, nowMs) };
  }
  if (error instanceof DeadlineError) return { status: 504, message: error.message, code: 'deadline_exceeded' };
  return error instanceof APIError ? explainApiError(error) : undefined;
}

function explainApiError(error: APIError): ApiError | undefined {
  if (error instanceof APIUserAbortError) {
    return { status: 503, message: 'The gateway is shutting down.', code: 'shutting_down' };
  }
  if (error instanceof StreamInterruptedError) {
    return { status: 502, message: error.message, code: 'stream_interrupted' };
  }
  // A subclass of the connection error, so it comes first.
  if (error instanceof APIConnectionTimeoutError) return { status: 504, message: error.message, code: 'timeout' };
  if (error instanceof APIConnectionError) {
    return { status: 502, message: 'The connection to the upstream failed.', code: 'upstream_unreachable' };
  }
  const { status } = error as { readonly status?: number };
  if (status === undefined) return { status: 502, message: error.message, code: 'upstream_error' };
  // A 401 would tell the caller that its own token is wrong.
  if (status === 401) {
    return {
      status: 502,
      message: "The upstream rejected the gateway's credentials.",
      code: 'upstream_auth',
      headers: NO_RETRY,
    };
  }
  return undefined;
}
