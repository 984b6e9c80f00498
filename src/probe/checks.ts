/** All checks by name. */

import type { CheckName } from '../domain/probe.ts';
import type { Check } from './check.ts';
import { chat, choices, concurrency, responses, usage, vision } from './checks/chat.ts';
import { badRequest, contextLength, errorShape, retryAfter, unknownModel } from './checks/errors.ts';
import { jsonMode, jsonSchema } from './checks/formats.ts';
import { connection, models } from './checks/reach.ts';
import { logprobs, longOutput, maxTokens, seed, stop } from './checks/sampling.ts';
import { parallelTools, streamedTools, toolArguments, tools } from './checks/tools.ts';
import { streamDone, streamUsage, streaming } from './checks/streaming.ts';
import { embeddingDimensions, embeddings } from './checks/vectors.ts';

export const CHECKS: Readonly<Record<CheckName, Check>> = {
  connection,
  models,
  chat,
  usage,
  streaming,
  streamUsage,
  streamDone,
  tools,
  toolArguments,
  parallelTools,
  streamedTools,
  vision,
  jsonMode,
  jsonSchema,
  embeddings,
  embeddingDimensions,
  responses,
  choices,
  seed,
  stop,
  maxTokens,
  logprobs,
  longOutput,
  unknownModel,
  badRequest,
  contextLength,
  concurrency,
  errorShape,
  retryAfter,
};
