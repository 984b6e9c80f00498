/** The faults of the conformance tests, and the defects of relays, as a simulated provider has them. */

import { DEFECTS, type Defect } from '../../../src/testing/index.ts';
import { StoredResponses } from '../../../src/testing/provider/account.ts';
import { FaultQueue } from '../../../src/testing/provider/fault-queue.ts';
import { respond, type ProviderState } from '../../../src/testing/provider/respond.ts';
import type { ProviderSettings } from '../../../src/testing/provider/settings.ts';
import type { Script } from '../../../src/testing/script/script.ts';
import type { Scene } from '../../conformance/support/fault-scene.ts';
import { FAULTS } from '../../conformance/support/fault-table.ts';
import { oneEach, type Behaviour, type PlannedCall, type ProviderReply } from '../support/behaviour.ts';
import { HANG, RESET, wire, wordsOf, type Step } from './replies.ts';

/** How long an answer counts as in flight, in ms. */
const IN_FLIGHT_MS = 100;

const EPOCH_MS = Date.UTC(2026, 0, 1);

function simulated(settings: ProviderSettings): () => ProviderReply {
  return () => {
    let inFlight = 0;
    const state: ProviderState = {
      settings,
      faults: new FaultQueue(settings.faults),
      responses: new StoredResponses(),
      replay: undefined,
      seed: 1,
      defects: new Set(settings.defects),
      inFlight: () => inFlight,
      origin: 'simulated',
    };
    return (request) => {
      const { index, method, path, headers, body, sinceMs } = request;
      const model = typeof body.model === 'string' ? body.model : undefined;
      inFlight += 1;
      setTimeout(() => (inFlight -= 1), IN_FLIGHT_MS);
      const rawBody = JSON.stringify(body);
      // Ids and times of the same length in every answer.
      const received = { index: 1_000 + index, method, path, headers, body, rawBody, model, atMs: EPOCH_MS + sinceMs };
      return play(respond({ ...received, status: undefined, aborted: false }, state))(request);
    };
  };
}

function play(script: Script): ProviderReply {
  const headAt = script.findIndex(({ step }) => step === 'head');
  const head = script[headAt];
  const before = stepsOf(headAt < 0 ? script : script.slice(0, headAt));
  return async (request) => {
    for (const step of before) if (typeof step === 'object' && 'waitMs' in step) await request.wait(step.waitMs);
    if (head?.step !== 'head') throw new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } });
    const { status, headers } = head;
    return wire(stepsOf(script.slice(headAt + 1)), { status, headers })(request);
  };
}

function stepsOf(script: Script): readonly Step[] {
  return script.flatMap((step): readonly Step[] => {
    switch (step.step) {
      case 'wait':
        return [{ waitMs: step.ms }];
      case 'silence':
        return [HANG];
      case 'write':
        return [step.text];
      case 'destroy':
        return [{ breakWith: RESET }];
      case 'head':
      case 'end':
        return [];
      default:
        return step satisfies never;
    }
  });
}

/** More than the sixty tokens at which a fault may begin. */
const ANSWER = wordsOf('own').join('').repeat(3);

/** Each scene once, whatever the settings of its client. */
const faults: Behaviour[] = FAULTS.flatMap(({ number, name, scenes }) =>
  scenes
    .filter(({ setting }) => setting === 'failover')
    .map(({ note, staging }) => ({
      name: [`fault ${number}`, name, note].filter(Boolean).join(', '),
      provider: simulated({ answer: ANSWER, faults: { '*': staging.faults.openai ?? [] } }),
      way: 'stream' as const,
      calls: callsOf(number, staging),
    })),
);

function callsOf(number: number, { body }: Scene['staging']): readonly PlannedCall[] {
  // The fifteenth fault is an outage.
  return number === 15 ? oneEach(4_000, 22) : [{ body: { ...body } }, { atMs: 30_000 }];
}

const tool = {
  type: 'function',
  function: { name: 'weather', parameters: { type: 'object', properties: { location: { type: 'string' } } } },
};
const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } };

/** What a defect may concern: all surfaces, streams, tools, pictures, formats, and several calls at once. */
const CALLS: readonly PlannedCall[] = [
  { way: 'plain' },
  { way: 'stream' },
  { way: 'stream', body: { stream_options: { include_usage: true } } },
  { way: 'rawStream' },
  { way: 'plain', body: { n: 2, max_tokens: 5, seed: 1, logprobs: true, stop: ['x'] } },
  { way: 'plain', body: { tools: [tool], tool_choice: 'required' } },
  { way: 'stream', body: { tools: [tool], tool_choice: 'required' } },
  { way: 'plain', body: { messages: [{ role: 'user', content: [{ type: 'text', text: 'What is this?' }, picture] }] } },
  { way: 'plain', body: { response_format: { type: 'json_object' } } },
  { way: 'plain', body: { model: 'no-such-model' } },
  { way: 'plain', body: { messages: [{ role: 'user', content: 'long '.repeat(4_000) }] } },
  { way: 'response' },
  { way: 'responseStream' },
  { way: 'completionStream' },
  { way: 'embedding' },
];

const defects: Behaviour[] = (Object.keys(DEFECTS) as Defect[]).map((defect) => ({
  name: `defect: ${defect}`,
  provider: simulated({
    answer: ANSWER,
    models: ['gpt-4.1', 'gpt-3.5-turbo-instruct', 'text-embedding-3-small'],
    contextTokens: 4_000,
    defects: [defect],
  }),
  calls: CALLS,
}));

export const simulatedProviders: readonly Behaviour[] = [...faults, ...defects];
