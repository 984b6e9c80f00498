/** Sentry's instrumentation of a client. @packages @sentry/node */

import * as Sentry from '@sentry/node';
import { ai, body, expectText, textOf } from './client.mjs';

Sentry.init({ tracesSampleRate: 1 });
const client = Sentry.instrumentOpenAiClient(ai);
await Sentry.startSpan({ name: 'application' }, async () => {
  const answer = await client.chat.completions.create(body);
  expectText(answer.choices[0].message.content);
  expectText(await textOf(await client.chat.completions.create({ ...body, stream: true })));
});
