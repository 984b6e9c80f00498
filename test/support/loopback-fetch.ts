/**
 * Preloaded into a child process: sends every request of its program, to any host, to the provider at LOOPBACK_PROVIDER. So
 * programs written for real providers run without a network.
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
