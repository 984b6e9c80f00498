/** The ways from one client to the upstreams. */

import type { OpenAI } from 'openai';
import type { Line } from '../../call/call-services.ts';
import { connect, type NetworkOptions } from './clients.ts';
import { showControllers } from './request-controller.ts';
import { senderThrough } from './send.ts';
import type { Send } from './sent.ts';
import type { Upstream } from '../upstream.ts';

/** The application's client, as its lines need it. */
export interface LineStart {
  readonly client: OpenAI;
  /** Sends through a client of the same class without routing again. */
  readonly sendOf: (client: OpenAI) => Send;
  /** Read when a line is first used. */
  readonly network: () => NetworkOptions;
  /** X.509 identities: the SDK alone can renew them between retries. */
  readonly sdkRetries: boolean;
  /** Without routing nothing of ours ever ends a request. */
  readonly routes: boolean;
}

/** Lines are laid when they are first used, and kept. */
export class Lines {
  readonly #start: LineStart;
  readonly #lines = new Map<string, Line>();

  constructor(start: LineStart) {
    this.#start = start;
  }

  to(upstream: Upstream): Line {
    let line = this.#lines.get(upstream.name);
    if (!line) this.#lines.set(upstream.name, (line = this.#lay(upstream)));
    return line;
  }

  #lay(upstream: Upstream): Line {
    const { client, sendOf, network, sdkRetries, routes } = this.#start;
    const { connection } = upstream.config;
    if (connection.kind !== 'client') {
      const own = connect(connection, network());
      const send = senderThrough(own, own);
      return { client: own, send, sdkRetries: false, showsControllers: showControllers(own) };
    }
    const changed = Object.keys(connection.options).length > 0;
    const home = changed ? client.withOptions(connection.options) : client;
    return { client: home, send: sendOf(home), sdkRetries, showsControllers: routes && showControllers(home) };
  }
}
