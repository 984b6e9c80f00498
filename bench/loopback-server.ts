/** The simulated provider of `openai-canary/testing`, answering at once. Run as a child process; prints its URL. */

import { startProvider } from '../src/testing/index.ts';
import { answer } from './bodies.ts';

const provider = await startProvider({ answer: answer.choices[0].message.content, maxRequests: 1 });
process.stdout.write(`${provider.url}\n`);
// The parent's end is ours.
process.stdin.resume().on('end', () => process.exit());
