/**
 * The cost that each feature adds to a call in memory, compared with a client without features. Measured in µs of CPU time, which
 * other processes disturb less than wall-clock time.
 *
 *   node bench/features.ts
 */

import { OpenAI } from 'openai';
import { CanaryClient } from '../src/index.ts';
import { answerText, callBody } from './bodies.ts';
import { callsWith, FEATURES } from './everything.ts';
import { measure, median, medianDifference } from './measure.ts';

const headers = { 'content-type': 'application/json' };
const connection = { fetch: async () => new Response(answerText, { headers }) };
const bare = new OpenAI({ apiKey: 'bench', ...connection });
const off = new CanaryClient({ apiKey: 'bench', ...connection });
const contenders = {
  openai: () => bare.chat.completions.create(callBody),
  off: () => off.chat.completions.create(callBody),
  none: callsWith([], connection).call,
  ...Object.fromEntries(FEATURES.map((feature) => [feature, callsWith([feature], connection).call])),
  all: callsWith(FEATURES, connection).call,
};

const measured: Record<string, readonly number[]> = await measure(contenders, {
  rounds: 100,
  times: 200,
  nowUs: () => process.cpuUsage().user + process.cpuUsage().system,
});
const { openai = [], none = [] } = measured;
console.log('           µs per call   more than openai   more than none');
for (const [name, values] of Object.entries(measured)) {
  const cells = [median(values), medianDifference(values, openai), medianDifference(values, none)];
  const [aCall, thanOpenAI, thanNone] = cells.map((us) => us.toFixed(1));
  console.log(name.padEnd(10) + aCall?.padStart(12) + thanOpenAI?.padStart(19) + thanNone?.padStart(17));
}
process.exit();
