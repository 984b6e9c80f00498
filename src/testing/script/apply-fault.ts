/** Applies a fault to an answer. */

import { contentFilterError, contextLengthError, errorReply } from '../answers/errors.ts';
import { SSE_DONE, sseEvent } from '../answers/sse.ts';
import type { Fault, FaultKind } from './fault.ts';
import { AT_ONCE, bodyScript, errorScript, isStream } from './script.ts';
import type { Pace, Script, Step } from './script.ts';

/** The script of the answer with the fault. */
export function applyFault(fault: Fault, script: Script): Script {
  // The table has one entry per kind; TypeScript cannot see that the fault and the entry have the same kind.
  const apply = FAULTS[fault.kind] as (fault: FaultKind, script: Script) => Script;
  return apply(fault, script);
}

type FaultOf<Kind extends FaultKind['kind']> = Extract<FaultKind, { kind: Kind }>;

const FAULTS: { readonly [Kind in FaultKind['kind']]: (fault: FaultOf<Kind>, script: Script) => Script } = {
  status: (fault, script) => statusScript(fault, paceOf(script)),
  reset: (_, script) => [...before('head', script), { step: 'destroy' }],
  silence: ({ forMs }, script) =>
    forMs === undefined ? [{ step: 'silence' }] : [{ step: 'wait', ms: forMs }, ...script],
  lateFirstToken: ({ delayMs }, script) => lateFirstToken(script, delayMs),
  cut: ({ afterChunks }, script) => [...firstChunks(script, afterChunks), { step: 'destroy' }],
  endEarly: ({ afterChunks }, script) => [...firstChunks(script, afterChunks), { step: 'end' }],
  stall: ({ afterChunks, forMs }, script) => stall(script, afterChunks, forMs),
  malformedChunk: ({ chunk }, script) => changeChunk(script, chunk, malformed),
  noDone: (_, script) => script.filter((step) => !(step.step === 'write' && step.text === SSE_DONE)),
  errorEvent: ({ afterChunks, error = OVERLOADED }, script) => errorEvent(script, afterChunks, error),
  html: ({ status = 502 }, script) => bodyScript(status, { 'content-type': 'text/html' }, [PAGE], paceOf(script)),
  emptyBody: ({ status = 200 }, script) => bodyScript(status, JSON_HEADER, [], paceOf(script)),
  contextLength: (_, script) => errorScript(contextLengthError(), paceOf(script)),
  contentFilter: (_, script) => errorScript(contentFilterError(), paceOf(script)),
};

const JSON_HEADER = { 'content-type': 'application/json' };

const PAGE = '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>';

/** Recorded from OpenAI inside a stream with status 200. */
const OVERLOADED = { type: 'error', error: errorReply(503).body.error };

function statusScript({ status, headers = {}, body }: FaultOf<'status'>, pace: Pace): Script {
  if (typeof body === 'string') return bodyScript(status, headers, [body], pace);
  const usual = errorReply(status).body;
  return bodyScript(status, { ...JSON_HEADER, ...headers }, [JSON.stringify(body ?? usual)], pace);
}

/** An error has the latency of the answer, which is the first wait, but no generation time. */
function paceOf([first]: Script): Pace {
  return first?.step === 'wait' ? { ...AT_ONCE, latencyMs: first.ms } : AT_ONCE;
}

function before(name: Step['step'], script: Script): Script {
  const index = script.findIndex((step) => step.step === name);
  return script.slice(0, index < 0 ? script.length : index);
}

function lateFirstToken(script: Script, delayMs: number): Script {
  const head = script.findIndex((step) => step.step === 'head');
  return [...script.slice(head, head + 1), { step: 'wait', ms: delayMs }, ...script.slice(head + 1)];
}

function stall(script: Script, afterChunks: number, forMs: number | undefined): Script {
  const sent = firstChunks(script, afterChunks);
  if (forMs === undefined) return [...sent, { step: 'silence' }];
  const rest = isStream(script) ? script.slice(sent.length) : halves(script).slice(sent.length);
  return [...sent, { step: 'wait', ms: forMs }, ...rest];
}

function errorEvent(script: Script, afterChunks: number, error: unknown): Script {
  if (!isStream(script)) return bodyScript(200, JSON_HEADER, [JSON.stringify(error)], paceOf(script));
  return [...firstChunks(script, afterChunks), { step: 'write', text: sseEvent('error', error) }, { step: 'end' }];
}

/** Everything before chunk number `count`; for a JSON answer, the first half. */
function firstChunks(script: Script, count: number): Script {
  if (!isStream(script)) return before('end', halves(script)).slice(0, -1);
  const next = indicesOfWrites(script)[count];
  return next === undefined ? before('end', script) : script.slice(0, next);
}

/** The script with its single body written in two halves. */
function halves(script: Script): Script {
  return script.flatMap((step): Step[] => {
    if (step.step !== 'write') return [step];
    const middle = Math.floor(step.text.length / 2);
    return [step.text.slice(0, middle), step.text.slice(middle)].map((text) => ({ step: 'write', text }));
  });
}

function changeChunk(script: Script, chunk: number, change: (text: string) => string): Script {
  const target = indicesOfWrites(script)[isStream(script) ? chunk : 0];
  return script.map((step, index) =>
    index === target && step.step === 'write' ? { ...step, text: change(step.text) } : step,
  );
}

/** The same event or body with its JSON cut off in the middle. */
function malformed(text: string): string {
  const body = text.trimEnd();
  return body.slice(0, Math.ceil(body.length / 2)) + text.slice(body.length);
}

function indicesOfWrites(script: Script): number[] {
  return script.flatMap((step, index) => (step.step === 'write' ? [index] : []));
}
