/** Counts tokens by `gpt-tokenizer`, if the application has installed it. The only file that imports that library. */

import type { CountTokens } from './count-tokens.ts';

/** Gives the token counter; `undefined` until the library is loaded, or always if it is not installed. The first call starts loading it. */
export type Tokenizer = () => CountTokens | undefined;

/** @param load imports the library, or rejects if it is not installed */
export function createTokenizer(load: () => Promise<unknown> = importTokenizer): Tokenizer {
  let isRequested = false;
  let count: CountTokens | undefined;
  return () => {
    if (!isRequested) {
      isRequested = true;
      load().then(
        (module) => (count = counterOf(module)),
        () => undefined, // Usually the library is not installed; tokens are then estimated by characters.
      );
    }
    return count;
  };
}

/** The comments keep bundlers from resolving and bundling the optional library. */
function importTokenizer(): Promise<unknown> {
  const name = 'gpt-tokenizer';
  return import(/* webpackIgnore: true */ /* @vite-ignore */ name);
}

/** Counting takes about 1 µs per token and blocks the event loop: only the beginning of a long text is counted, and the rest extrapolated. */
const MAX_CHARACTERS = 20_000;

function counterOf(module: unknown): CountTokens | undefined {
  const countTokens = tokenCounterIn(module);
  if (!countTokens) return undefined;
  // By default the library throws on text that looks like a control token.
  const options = { disallowedSpecial: new Set<string>() };
  return (text) => {
    if (text.length <= MAX_CHARACTERS) return countTokens(text, options);
    return (countTokens(text.slice(0, MAX_CHARACTERS), options) * text.length) / MAX_CHARACTERS;
  };
}

type LibraryCounter = (text: string, options: { readonly disallowedSpecial: ReadonlySet<string> }) => number;

function tokenCounterIn(module: unknown): LibraryCounter | undefined {
  if (typeof module !== 'object' || module === null || !('countTokens' in module)) return undefined;
  // As documented: https://github.com/niieani/gpt-tokenizer
  return typeof module.countTokens === 'function' ? (module.countTokens as LibraryCounter) : undefined;
}
