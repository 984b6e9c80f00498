/** The logs of a client. */

import type { Behaviour, Stage } from '../support/behaviour.ts';
import { logsMore } from '../support/differences.ts';
import { CHAT, completion } from '../support/replies.ts';

const replies = [completion()];

export const LOGS: readonly Behaviour[] = [
  {
    name: 'OPENAI_LOG',
    replies,
    env: { OPENAI_LOG: 'nonsense' },
    options: { logLevel: undefined },
    run: logged,
    differs: { on: [logsMore] },
    onlyOnOwnConnection: 'What another client logs names another address.',
  },
  {
    name: 'a logger at the level debug',
    replies,
    run: logged,
    differs: { on: [logsMore] },
    onlyOnOwnConnection: 'What another client logs names another address.',
  },
];

/** All logged lines, without random ids and durations. */
async function logged({ create }: Stage): Promise<unknown> {
  const lines: unknown[] = [];
  const note =
    (level: string) =>
    (message: string, ...rest: unknown[]): void => {
      lines.push([level, plain(message), ...rest.map(shown)]);
    };
  const logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  const client = create({ logger, ...(process.env.OPENAI_LOG ? {} : { logLevel: 'debug' }) });
  await client.chat.completions.create(CHAT);
  await client.models.retrieve('a');
  return lines;
}

/** Our mark on a request is under a symbol in a separate field, so that it stays invisible. */
const shown = (part: unknown): unknown =>
  JSON.parse(plain(JSON.stringify(part ?? null)), (name, value: unknown) =>
    name === '__metadata' && JSON.stringify(value) === '{}' ? undefined : value,
  );

const plain = (text: string): string =>
  text
    .replaceAll(/log_[0-9a-f]+/g, 'log_ID')
    .replaceAll(/in \d+ms/g, 'in TIME')
    .replaceAll(/"durationMs":\d+/g, '"durationMs":0')
    .replaceAll(/CanaryClient\/JS|OpenAI\/JS/g, 'CLASS/JS');
