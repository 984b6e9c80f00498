/** Compares the answer of a shadow with the real answer. */

import { fields } from '../../domain/json.ts';
import type { Comparison, ComparisonAspect, ShadowAnswer, ShadowCall } from '../../domain/shadow.ts';
import type { KeepsSchema } from '../../providers/validate-schema.ts';
import { parseStructure, shapeSimilarity, textSimilarity, toolSimilarity } from './similarity.ts';

type ComparedCall = Pick<ShadowCall, 'surface' | 'body'>;

/** Looks at bounded parts of both answers; takes about 100 µs for two pages of text. Without `keepsSchema` no schema is compared. */
export function compareAnswers(
  call: ComparedCall,
  real: ShadowAnswer,
  shadow: ShadowAnswer,
  keepsSchema?: KeepsSchema,
): Comparison {
  const aspects = isComparable(call) ? known(aspectsOf(call, real, shadow, keepsSchema)) : {};
  return {
    agreement: agreementOf(aspects),
    aspects,
    labels: [],
    latencyRatio: quotient(shadow.latencyMs, real.latencyMs),
    firstChunkRatio: quotient(shadow.firstChunkMs, real.firstChunkMs),
    costRatio: quotient(shadow.costUsd, real.costUsd),
  };
}

type Aspects = Partial<Record<ComparisonAspect, number>>;
type MaybeAspects = Readonly<Record<ComparisonAspect, number | undefined>>;

/** The mean of the content aspects, halved if the finish reasons differ, 0 if only one answer refuses. */
function agreementOf({ finishReason, refusal, ...content }: Aspects): number | null {
  if (finishReason === undefined || refusal === undefined) return null;
  const scores = Object.values(content);
  const mean = scores.length === 0 ? 1 : scores.reduce((sum, score) => sum + score, 0) / scores.length;
  return mean * refusal * (finishReason === 1 ? 1 : 0.5);
}

/** The aspects do not apply to embeddings and moderations. */
function isComparable({ surface }: ComparedCall): boolean {
  return surface === 'chat' || surface === 'completions' || surface === 'responses';
}

function aspectsOf(
  call: ComparedCall,
  real: ShadowAnswer,
  shadow: ShadowAnswer,
  keepsSchema: KeepsSchema | undefined,
): MaybeAspects {
  const structure = parseStructure(real.text);
  const other = parseStructure(shadow.text);
  const hasText = !structure && real.text.length + shadow.text.length > 0;
  return {
    finishReason: Number(real.finishReason === shadow.finishReason),
    refusal: Number(real.refused === shadow.refused),
    schema: keepsSchema && schemaAspect(requestedSchema(call), structure, other, keepsSchema),
    json: structure && (other ? shapeSimilarity(structure, other) : 0),
    ...toolSimilarity(real.toolCalls, shadow.toolCalls),
    length: hasText ? lengthRatio(real.text, shadow.text) : undefined,
    text: hasText ? textSimilarity(real.text, shadow.text) : undefined,
  };
}

/** A schema that the real answer violates as well does not count against the shadow. */
function schemaAspect(schema: unknown, real: unknown, shadow: unknown, keepsSchema: KeepsSchema): number | undefined {
  if (schema === undefined) return undefined;
  const isKept = shadow !== undefined && keepsSchema(schema, shadow);
  if (isKept === undefined) return undefined;
  return Number(isKept || real === undefined || keepsSchema(schema, real) !== true);
}

function lengthRatio({ length: one }: string, { length: other }: string): number {
  return Math.min(one, other) / Math.max(one, other);
}

function quotient(value: number | null | undefined, base: number | null | undefined): number | undefined {
  return typeof value === 'number' && typeof base === 'number' && base > 0 ? value / base : undefined;
}

function known(aspects: MaybeAspects): Aspects {
  return Object.fromEntries(Object.entries(aspects).filter(([, score]) => score !== undefined));
}

/** The JSON schema that the call requests for its answer; `undefined` without one. */
export function requestedSchema({ surface, body }: ComparedCall): unknown {
  const { response_format: format, text } = fields(body);
  if (surface === 'chat') return isJsonSchema(format) ? fields(fields(format)['json_schema'])['schema'] : undefined;
  const inText = fields(text)['format'];
  return surface === 'responses' && isJsonSchema(inText) ? fields(inText)['schema'] : undefined;
}

function isJsonSchema(format: unknown): boolean {
  return fields(format)['type'] === 'json_schema';
}
