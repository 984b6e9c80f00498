/** Calls the real providers, within a spending limit. */

import { CanaryClient, ConfigError, route } from '../../index.ts';
import type { Terminal } from '../terminal.ts';
import { upstreamTable } from '../upstream-table.ts';

const LIMIT_USD = 0.1;
const CALLS = 40;
/** Reserved for the next call. A call of this demo costs far less. */
const RESERVE_USD = 0.005;

/** Resolves to `true` if at least one call was served. Needs OPENAI_API_KEY and HOLYSHEEP_API_KEY. */
export async function runLive({ out, err }: Terminal): Promise<boolean> {
  const ai = connect(err);
  if (!ai) return false;
  let served = 0;
  for (let index = 0; index < CALLS; index += 1) {
    const { costUsd, unpriced } = ai.canary.costs().total;
    if (unpriced > 0 || costUsd + RESERVE_USD > LIMIT_USD) {
      out(`Stopped at $${costUsd.toFixed(4)}${unpriced > 0 ? ': a price is unknown' : ''}.`);
      break;
    }
    const key = `user-${index}`;
    const messages = [{ role: 'user' as const, content: `Say hello to user ${index} in five words.` }];
    await ai.chat.completions.create({ model: 'gpt-4.1', messages, max_tokens: 20 }, route({ key }));
    served += 1;
    out(`${key} → ${ai.canary.explain({ key }).upstream}, $${ai.canary.costs().total.costUsd.toFixed(6)} so far`);
  }
  for (const line of ['', ...upstreamTable(ai)]) out(line);
  return served > 0;
}

function connect(err: Terminal['err']) {
  try {
    return new CanaryClient({
      canary: {
        upstreams: { deepseek: { provider: 'holysheep', model: 'deepseek-v3.2' } },
        weights: { openai: 50, deepseek: 50 },
        prices: { deepseek: { inputPerMTok: 0.42, outputPerMTok: 1.2 } },
      },
    });
  } catch (error) {
    // If a key is missing, the message names its environment variable.
    if (!(error instanceof ConfigError) && !(error instanceof CanaryClient.OpenAIError)) throw error;
    err(error.message);
    return undefined;
  }
}
