/**
 * Preloaded into a child process, sends every request that its program makes to the provider at LOOPBACK_PROVIDER, whatever
 * host it names: so that programs written for real providers run without a network.
 */

const provider = process.env.LOOPBACK_PROVIDER;
if (!provider) throw new Error('LOOPBACK_PROVIDER should be the URL of a loopback provider');

const realFetch = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  if (url.hostname === '127.0.0.1') return realFetch(input, init);
  const path = url.pathname.replace(/^.*?(?=\/(chat\/|completions|responses|embeddings|moderations|models))/, '');
  return realFetch(`${provider}${path}${url.search}`, init);
};
