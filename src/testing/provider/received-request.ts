/** Requests received by a simulated provider. */

import type { IncomingMessage } from 'node:http';
import { asRecord, modelOf } from '../answers/request-body.ts';
import type { RequestBody } from '../answers/request-body.ts';

/** A received request and how it ended. */
export interface ReceivedRequest {
  /** The number of the request within its provider, from 0. */
  readonly index: number;
  readonly method: string;
  /** The path as received, with `/v1` and the query. */
  readonly path: string;
  /** Header names are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed JSON body; empty if the request had no body. */
  readonly body: RequestBody;
  /** The body as received. */
  readonly rawBody: string;
  /** The model named by the body or by the path of an Azure deployment. */
  readonly model: string | undefined;
  readonly atMs: number;
  /** The status of the response; `undefined` before it is decided, and if a fault prevents a response. */
  readonly status: number | undefined;
  /** Whether the client closed the connection before the end of the response. */
  readonly aborted: boolean;
}

/** The path below `/v1`, `/openai/v1` or an Azure deployment, without the query. */
export function pathBelowBase(path: string): string {
  return path.replace(/\?.*$/, '').replace(BASE, '') || '/';
}

const BASE = /^\/(?:openai\/)?(?:v1|deployments\/([^/]+))(?=\/|$)/;

/** Reads a whole request. */
export async function receive(message: IncomingMessage, index: number, atMs: number): Promise<ReceivedRequest> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  const rawBody = Buffer.concat(parts).toString('utf8');
  const body = asRecord(parsed(rawBody));
  const path = message.url ?? '/';
  return {
    index,
    method: message.method ?? 'GET',
    path,
    headers: Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name, String(value)])),
    body,
    rawBody,
    model: path.match(BASE)?.[1] ?? modelOf(body),
    atMs,
    status: undefined,
    aborted: false,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
