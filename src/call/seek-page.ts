/** Asks the other upstreams for a list that belongs to a response which the client itself does not know. */

import { foreignIn } from '../resilience/foreign.ts';
import type { APIPromise } from '../upstream/sdk/types.ts';

/** How the owner of a list is found. */
export interface PageSearch {
  /** The other upstreams in the order in which they are asked. */
  readonly others: () => Promise<readonly string[]>;
  /** Sends the same request to another upstream. */
  readonly ask: (upstream: string) => APIPromise<unknown>;
  /** Called with the upstream that knew the response; `undefined` for the client itself. */
  readonly found: (upstream: string | undefined) => void;
}

/** The page that answers, in a form that is not awaited by accident. */
interface FoundPage {
  readonly data: () => Promise<unknown>;
  readonly asResponse: () => Promise<Response>;
  readonly withResponse: () => Promise<unknown>;
}

/**
 * Lets `page` answer with the list of the first other upstream that knows the response. If none does, it rejects with the client's own
 * error. The search begins when the page is first used.
 */
export function seekPage(page: APIPromise<unknown>, search: PageSearch): void {
  const own = foundPage(page);
  let found: Promise<FoundPage> | undefined;
  const seek = (): Promise<FoundPage> => (found ??= searchFrom(own, search));
  const data = (): Promise<unknown> => seek().then((answer) => answer.data());
  const replace = (name: string, value: unknown): void => {
    Reflect.defineProperty(page, name, { value, configurable: true, writable: true });
  };
  replace('then', (...args: Parameters<Promise<unknown>['then']>) => data().then(...args));
  replace('catch', (...args: Parameters<Promise<unknown>['catch']>) => data().catch(...args));
  replace('finally', (...args: Parameters<Promise<unknown>['finally']>) => data().finally(...args));
  replace('asResponse', () => seek().then((answer) => answer.asResponse()));
  replace('withResponse', () => seek().then((answer) => answer.withResponse()));
}

async function searchFrom(own: FoundPage, { others, ask, found }: PageSearch): Promise<FoundPage> {
  try {
    await own.asResponse();
    found(undefined);
    return own;
  } catch (error) {
    if (foreignIn(error, true) === undefined) throw error;
    for (const upstream of await others()) {
      const page = foundPage(ask(upstream));
      // It does not know the response either, or cannot say: the next one may.
      const knows = await page.asResponse().then(
        () => true,
        () => false,
      );
      if (!knows) continue;
      found(upstream);
      return page;
    }
    throw error;
  }
}

/** The methods that `page` has now, before they are replaced. */
function foundPage(page: APIPromise<unknown>): FoundPage {
  const then = page.then.bind(page);
  return {
    data: () => then((value) => value),
    asResponse: page.asResponse.bind(page),
    withResponse: page.withResponse.bind(page),
  };
}
