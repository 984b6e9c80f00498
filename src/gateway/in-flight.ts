/** The requests in flight, and how they drain. */

/** A request in flight. */
export interface OpenRequest {
  /** Aborted when the client disconnects, and when the drain runs out of time. */
  readonly signal: AbortSignal;
  /** To be called when its response has ended; further calls do nothing. */
  readonly end: () => void;
}

export class InFlightRequests {
  readonly #controllers = new Set<AbortController>();
  #draining = false;
  #idle: (() => void) | undefined;
  #drained: Promise<void> | undefined;

  get size(): number {
    return this.#controllers.size;
  }

  /** Whether new requests are refused. */
  get draining(): boolean {
    return this.#draining;
  }

  begin(client: AbortSignal): OpenRequest {
    const controller = new AbortController();
    const abort = (): void => controller.abort(client.reason);
    if (client.aborted) abort();
    else client.addEventListener('abort', abort, { once: true });
    this.#controllers.add(controller);
    const end = (): void => {
      client.removeEventListener('abort', abort);
      this.#controllers.delete(controller);
      if (this.#controllers.size === 0) this.#idle?.();
    };
    return { signal: controller.signal, end };
  }

  /**
   * Refuses new requests, and resolves when the others have ended. Those that last longer than `timeoutMs` are aborted, and have a moment to tell
   * their clients.
   */
  drain(timeoutMs: number): Promise<void> {
    return (this.#drained ??= this.#drain(timeoutMs));
  }

  async #drain(timeoutMs: number): Promise<void> {
    this.#draining = true;
    if (this.#controllers.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
      timer = setTimeout(() => {
        timer = setTimeout(resolve, ABORT_MS);
        this.#abortAll();
      }, timeoutMs);
    });
    clearTimeout(timer);
  }

  #abortAll(): void {
    const reason = new DOMException('The gateway is shutting down', 'AbortError');
    for (const controller of this.#controllers) controller.abort(reason);
  }
}

/** How long aborted requests may take to end. A client that does not read would hold its request forever. */
const ABORT_MS = 1_000;
