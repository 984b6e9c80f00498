/** Compares the answer of a shadow with the real one. */

import type { Surface } from '../../domain/call.ts';
import { fields } from '../../domain/json.ts';
import type { Comparison, ComparisonAspect, ShadowAnswer, ShadowCall } from '../../domain/shadow.ts';
import { keepsSchema } from '../../providers/validate-schema.ts';
import { parseStructure, shapeSimilarity, textSimilarity, toolSimilarity } from './similarity.ts';

/** Takes what a look at bounded parts of both takes: about 100 µs for two pages of text. */
export function compareAnswers(
  call: Pick<ShadowCall, 'surface' | 'body'>,
  real: ShadowAnswer,
  shadow: ShadowAnswer,
): Comparison {
  const aspects = speaks(call) ? known(aspectsOf(call, real, shadow)) : {};
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

/** Half of what was said alike counts where one answer ended otherwise, none where one refuses. */
function agreementOf({ finishReason, refusal, ...said }: Aspects): number | null {
  if (finishReason === undefined || refusal === undefined) return null;
  const scores = Object.values(said);
  const mean = scores.length === 0 ? 1 : scores.reduce((sum, score) => sum + score, 0) / scores.length;
  return mean * refusal * (finishReason === 1 ? 1 : 0.5);
}

/** Vectors and moderations say nothing that these aspects could tell. */
function speaks({ surface }: Pick<ShadowCall, 'surface'>): boolean {
  return surface === 'chat' || surface === 'completions' || surface === 'responses';
}

function aspectsOf(call: Pick<ShadowCall, 'surface' | 'body'>, real: ShadowAnswer, shadow: ShadowAnswer): MaybeAspects {
  const structure = parseStructure(real.text);
  const other = parseStructure(shadow.text);
  const hasText = !structure && real.text.length + shadow.text.length > 0;
  return {
    finishReason: Number(real.finishReason === shadow.finishReason),
    refusal: Number(real.refused === shadow.refused),
    schema: schemaAspect(askedSchema(call.surface, call.body), structure, other),
    json: structure && (other ? shapeSimilarity(structure, other) : 0),
    ...toolSimilarity(real.toolCalls, shadow.toolCalls),
    length: hasText ? lengthRatio(real.text, shadow.text) : undefined,
    text: hasText ? textSimilarity(real.text, shadow.text) : undefined,
  };
}

/** A schema that the real answer breaks as well says nothing against the shadow. */
function schemaAspect(schema: unknown, real: unknown, shadow: unknown): number | undefined {
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

/* PART: The JSON schema that a call asks its answer to keep. */

/** `undefined` where none is asked for. */
function askedSchema(surface: Surface, body: unknown): unknown {
  const { response_format: format, text } = fields(body);
  if (surface === 'chat') return ofKind(format) ? fields(fields(format)['json_schema'])['schema'] : undefined;
  const inText = fields(text)['format'];
  return surface === 'responses' && ofKind(inText) ? fields(inText)['schema'] : undefined;
}

function ofKind(format: unknown): boolean {
  return fields(format)['type'] === 'json_schema';
}
