/** Requests that have left, with and without the promise that the SDK wraps them in. */

import type { APIPromise, OpenAI, Parse, Parsed, RequestOptions, ResponseProps } from './types.ts';
import { parse, propsOf } from './types.ts';

/** A request that has left. */
export interface Sent {
  /** The response as soon as its headers are there; `undefined` where the SDK does not show it. */
  readonly props: Promise<ResponseProps> | undefined;
  response(): Promise<Response>;
  /** Reads the body of a response whose `props` have come. */
  dataOf(props: ResponseProps): Promise<unknown>;
  parse(): Promise<Parsed>;
}

/** Sends one request, with `retries` retries by the SDK itself (`null`: as the client is set). */
export type Send = (options: RequestOptions, retries: number | null) => Sent;

/** As the SDK gave it. */
export class WrappedSent implements Sent {
  readonly #promise: APIPromise<unknown>;
  readonly props: Promise<ResponseProps> | undefined;

  constructor(promise: APIPromise<unknown>) {
    this.#promise = promise;
    this.props = propsOf(promise);
  }

  response(): Promise<Response> {
    return this.#promise.asResponse();
  }

  dataOf(): Promise<unknown> {
    // `then()` gives a plain promise, which costs less to await than one of the SDK's kind.
    // oxlint-disable-next-line promise/valid-params
    return this.#promise.then();
  }

  parse(): Promise<Parsed> {
    return parse(this.#promise);
  }
}

/** What its `request()` would have wrapped. */
export class BareSent implements Sent {
  readonly #client: OpenAI;
  readonly props: Promise<ResponseProps>;
  readonly #parse: Parse;

  constructor(client: OpenAI, props: Promise<ResponseProps>, parseProps: Parse) {
    this.#client = client;
    this.props = props;
    this.#parse = parseProps;
  }

  async response(): Promise<Response> {
    return (await this.props).response;
  }

  dataOf(props: ResponseProps): Promise<unknown> {
    return this.#parse(this.#client, props);
  }

  async parse(): Promise<Parsed> {
    const props = await this.props;
    return { data: await this.dataOf(props), props };
  }
}
