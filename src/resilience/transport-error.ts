/** What an error is that came from beneath the SDK: most arise while a body is read, where the SDK does not wrap them. */

import { fields } from '../domain/json.ts';

export type TransportError = 'aborted' | 'malformed' | 'connection' | 'headersTimeout' | 'idleTimeout';

/** `undefined` for an error that has nothing to do with the network, such as one thrown by the caller's own code. */
export function readTransportError(error: unknown): TransportError | undefined {
  const { name, message, code } = fields(error);
  if (name === 'AbortError') return 'aborted';
  if (name === 'SyntaxError') return 'malformed';
  if (name === 'TimeoutError') return 'headersTimeout';
  const causeCode = fields(fields(error).cause).code;
  return kindOfCode(code) ?? kindOfCode(causeCode) ?? (isFetchFailure(name, message) ? 'connection' : undefined);
}

/** Codes of Node's sockets, of `undici`, which is Node's `fetch`, and of `zlib`, which unpacks its bodies. */
function kindOfCode(code: unknown): TransportError | undefined {
  if (typeof code !== 'string') return undefined;
  if (code === 'UND_ERR_BODY_TIMEOUT') return 'idleTimeout';
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return 'headersTimeout';
  if (/^Z_(DATA|BUF)_ERROR$/.test(code)) return 'malformed';
  return CONNECTION_CODE.test(code) ? 'connection' : undefined;
}

const CONNECTION_CODE =
  /^(ECONN(RESET|REFUSED|ABORTED)|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|E(HOST|NET)UNREACH|ENETDOWN|ERR_STREAM_PREMATURE_CLOSE|UND_ERR_(SOCKET|CLOSED|DESTROYED|CONNECT_TIMEOUT|RES_\w+))$/;

/** A `TypeError` of `fetch`, by the words of Node, Chrome, Firefox and Safari; all others are mistakes in code. */
function isFetchFailure(name: unknown, message: unknown): boolean {
  return name === 'TypeError' && typeof message === 'string' && FETCH_FAILURE.test(message);
}

const FETCH_FAILURE = /^(terminated|fetch failed|failed to fetch|load failed|network ?error|network connection lost)/i;
