/** The simulated provider of `openai-canary/testing`, without latency, as a child process. Prints its URL. */

import { startProvider } from '../src/testing/index.ts';
import { answer } from './bodies.ts';

const provider = await startProvider({ answer: answer.choices[0].message.content, maxRequests: 1 });
process.stdout.write(`${provider.url}\n`);
// Exits with its parent.
process.stdin.resume().on('end', () => process.exit());
