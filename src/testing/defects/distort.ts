/** Applies the defects of a provider to its model's answers. */

import type { Generation } from '../answers/generation.ts';
import { pieces } from '../answers/generation.ts';
import type { Reply } from '../answers/reply.ts';
import type { RequestBody } from '../answers/request-body.ts';
import { asRecord } from '../answers/request-body.ts';
import { SSE_DONE } from '../answers/sse.ts';
import type { Script, Step } from '../script/script.ts';
import { isStream } from '../script/script.ts';
import type { Defects } from './defect.ts';

/** The tokens after which `truncatesLongOutput` ends an answer. */
const LONGEST_OUTPUT = 128;
const INFLATION = 1.8;

/** Distorts the content of an answer; `index` is the number of the request. */
export function distortGeneration(made: Generation, body: RequestBody, defects: Defects, index: number): Generation {
  let { text, toolCalls, finishReason, model } = made;
  let { promptTokens, cachedTokens } = made.tokens;
  if (defects.has('truncatesLongOutput') && pieces(text).length > LONGEST_OUTPUT) {
    text = pieces(text).slice(0, LONGEST_OUTPUT).join('');
    finishReason = 'stop';
  }
  if (defects.has('hidesTruncation') && finishReason === 'length') finishReason = 'stop';
  const wantsJson = asRecord(body['response_format'])['type'] === 'json_object';
  if (defects.has('fencedJson') && wantsJson) text = `\`\`\`json\n${text}\n\`\`\``;
  if (defects.has('looseToolArguments')) {
    toolCalls = toolCalls.map(({ name }) => ({ name, arguments: { location: 'somewhere' } }));
  }
  if (defects.has('substitutesModel')) model = 'small-model';
  if (defects.has('inflatesPromptTokens')) promptTokens = Math.ceil(promptTokens * INFLATION);
  if (defects.has('unsteadyUsage')) promptTokens += index % 7;
  if (defects.has('claimsCachedTokens')) cachedTokens = Math.floor((promptTokens * 2) / 3);
  return { ...made, text, toolCalls, finishReason, model, tokens: { ...made.tokens, promptTokens, cachedTokens } };
}

/** Distorts the encoded answer. */
export function distortReply(reply: Reply, defects: Defects): Reply {
  if (reply.kind === 'json') return { ...reply, body: distortBody(asRecord(reply.body), defects) };
  const chunks = reply.chunks
    .filter((chunk) => chunk !== SSE_DONE || !defects.has('noDone'))
    .map((chunk) => distortChunk(chunk, defects));
  return { ...reply, chunks };
}

function distortChunk(chunk: string, defects: Defects): string {
  let text = chunk;
  if (defects.has('noFinishReason')) text = text.replaceAll(/"finish_reason":"\w+"/g, '"finish_reason":null');
  if (defects.has('noToolCallIndex')) text = text.replaceAll(/("tool_calls":\[\{)"index":\d+,/g, '$1');
  return text;
}

/** Buffers a stream: all events are sent at once when the last is ready. */
export function holdBack(script: Script, defects: Defects): Script {
  if (!defects.has('buffersStream') || !isStream(script)) return script;
  const written = script.flatMap((step) => (step.step === 'write' ? [step.text] : [])).join('');
  const head = script.filter((step) => step.step === 'head');
  const waits = script.filter((step) => step.step === 'wait');
  const rest = script.filter((step) => step.step !== 'head' && step.step !== 'wait' && step.step !== 'write');
  return [...waits, ...head, { step: 'write', text: written } satisfies Step, ...rest];
}

function distortBody(body: Readonly<Record<string, unknown>>, defects: Defects): unknown {
  const { usage, choices, data } = body;
  return {
    ...body,
    usage: defects.has('noUsage') ? undefined : usage,
    choices: defects.has('brokenToolArguments') ? eachOf(choices, breakToolCalls) : choices,
    data: defects.has('unnormalisedEmbeddings') ? eachOf(data, lengthen) : data,
  };
}

function breakToolCalls(choice: Readonly<Record<string, unknown>>): object {
  const message = asRecord(choice['message']);
  const tool_calls = eachOf(message['tool_calls'], (call) => {
    const called = asRecord(call['function']);
    return { ...call, function: { ...called, arguments: String(called['arguments']).slice(0, -4) } };
  });
  return { ...choice, message: { ...message, tool_calls } };
}

function lengthen(entry: Readonly<Record<string, unknown>>): object {
  const { embedding } = entry;
  return { ...entry, embedding: Array.isArray(embedding) ? embedding.map((value: number) => value * 12) : embedding };
}

function eachOf(list: unknown, change: (entry: Readonly<Record<string, unknown>>) => object): unknown {
  return Array.isArray(list) ? list.map((entry) => change(asRecord(entry))) : list;
}
