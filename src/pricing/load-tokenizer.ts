/** Counts tokens by `gpt-tokenizer`, where the application has it installed. The only file that knows that library. */

import type { CountTokens } from './count-tokens.ts';

/** The tokenizer; `undefined` as long as it is not there, which may be for ever. The first call has it loaded beside what goes on. */
export type Tokenizer = () => CountTokens | undefined;

/** @param load gives the library's module, or rejects where there is none */
export function createTokenizer(load: () => Promise<unknown> = importTokenizer): Tokenizer {
  let isAsked = false;
  let count: CountTokens | undefined;
  return () => {
    if (!isAsked) {
      isAsked = true;
      load().then(
        (module) => (count = counterOf(module)),
        () => undefined, // That it is not installed is the usual case: tokens are counted by characters then.
      );
    }
    return count;
  };
}

/** Bundlers should neither look for it nor take it in. */
function importTokenizer(): Promise<unknown> {
  const name = 'gpt-tokenizer';
  return import(/* webpackIgnore: true */ /* @vite-ignore */ name);
}

/** Counting takes about a microsecond a token, and happens while others wait: of a long text its beginning is counted. */
const MAX_CHARACTERS = 20_000;

function counterOf(module: unknown): CountTokens | undefined {
  const countTokens = tokenCounterIn(module);
  if (!countTokens) return undefined;
  // Text is text: what looks like a token of control must not throw.
  const options = { disallowedSpecial: new Set<string>() };
  return (text) => {
    if (text.length <= MAX_CHARACTERS) return countTokens(text, options);
    return (countTokens(text.slice(0, MAX_CHARACTERS), options) * text.length) / MAX_CHARACTERS;
  };
}

type LibraryCounter = (text: string, options: { readonly disallowedSpecial: ReadonlySet<string> }) => number;

function tokenCounterIn(module: unknown): LibraryCounter | undefined {
  if (typeof module !== 'object' || module === null || !('countTokens' in module)) return undefined;
  // What the library documents: https://github.com/niieani/gpt-tokenizer
  return typeof module.countTokens === 'function' ? (module.countTokens as LibraryCounter) : undefined;
}
