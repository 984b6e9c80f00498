/** Listens to the channel of a store on a connection of its own, while it has listeners. */

import type { Listening, RedisConnection } from './connection.ts';

export class Changes {
  readonly #listen: NonNullable<RedisConnection['listen']>;
  readonly #channel: string;
  readonly #listeners = new Set<(key: string) => void>();
  #opening: Promise<Listening | undefined> | undefined;

  constructor(listen: NonNullable<RedisConnection['listen']>, channel: string) {
    this.#listen = listen;
    this.#channel = channel;
  }

  /** @returns stops the listener */
  add(listener: (key: string) => void): () => void {
    this.#listeners.add(listener);
    this.#opening ??= this.#open();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#close();
    };
  }

  /** Without a second connection changes are seen by polling. */
  #open(): Promise<Listening | undefined> {
    return this.#listen(this.#channel, (key) => this.#listeners.forEach((listener) => listener(key))).catch(
      () => (this.#opening = undefined),
    );
  }

  #close(): void {
    const opening = this.#opening;
    this.#opening = undefined;
    void opening?.then((listening) => listening?.close());
  }
}
