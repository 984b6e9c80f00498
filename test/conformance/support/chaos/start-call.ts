/** Calls the SDK method that the plan names. */

import type { APIPromise, OpenAI } from 'openai';

import type { PlannedCall } from './plan.ts';
import type { Reading, Taken } from './reading.ts';

/** A call in flight: its promise, or an SDK helper that reads the answer itself. */
export type StartedCall =
  | { readonly kind: 'promise'; readonly promise: APIPromise<unknown> }
  | { readonly kind: 'helper'; readonly take: (reading: Reading) => Promise<Taken> };

export function startCall(planned: PlannedCall, client: OpenAI, options: OpenAI.RequestOptions): StartedCall {
  const { surface, stream, way, asksForUsage } = planned;
  const model = modelOf(planned);
  const content = `Say something about number ${planned.index}.`;
  const usage = stream && asksForUsage ? { stream_options: { include_usage: true } } : {};
  switch (surface) {
    case 'chat': {
      const body = { model, messages: [{ role: 'user' as const, content }] };
      if (way === 'helper' || way === 'helperAborted')
        return helper(client, { ...body, ...usage, stream: true }, options);
      return promised(client.chat.completions.create({ ...body, ...usage, stream }, options));
    }
    case 'completions':
      return promised(client.completions.create({ model, prompt: content, ...usage, stream }, options));
    case 'responses':
      return promised(client.responses.create({ model, input: content, stream }, options));
    case 'embeddings':
      return promised(client.embeddings.create({ model, input: content, dimensions: 8 }, options));
    default:
      return surface satisfies never;
  }
}

/** A unique model per call, by which the providers find the faults of a request. */
export function modelOf({ index }: Pick<PlannedCall, 'index'>): string {
  return `model-${index}`;
}

function promised(promise: APIPromise<unknown>): StartedCall {
  return { kind: 'promise', promise };
}

function helper(
  client: OpenAI,
  body: OpenAI.ChatCompletionCreateParamsStreaming,
  options: OpenAI.RequestOptions,
): StartedCall {
  return {
    kind: 'helper',
    take: async ({ planned, texts }) => {
      const runner = client.chat.completions.stream(body, options);
      let chunks = 0;
      texts.push('');
      runner.on('chunk', () => {
        if (planned.way === 'helperAborted' && chunks === planned.leaveAfter) runner.abort();
        chunks += 1;
      });
      runner.on('content', (delta) => void (texts[0] += delta));
      await runner.done();
      return 'whole';
    },
  };
}
