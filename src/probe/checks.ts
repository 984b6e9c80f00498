/** All checks by name. */

import type { CheckName } from '../domain/probe.ts';
import type { Check } from './check.ts';
import { chat, choices, usage } from './checks/chat.ts';
import { concurrency } from './checks/concurrency.ts';
import { badRequest, contextLength, errorShape, retryAfter, unknownModel } from './checks/errors.ts';
import { jsonMode, jsonSchema } from './checks/formats.ts';
import { connection, models } from './checks/reach.ts';
import { responses } from './checks/responses.ts';
import { logprobs, longOutput, maxTokens, seed, stop } from './checks/sampling.ts';
import { streamedTools } from './checks/streamed-tools.ts';
import { streamDone, streamUsage, streaming } from './checks/streaming.ts';
import { parallelTools, toolArguments, tools } from './checks/tools.ts';
import { embeddingDimensions, embeddings } from './checks/vectors.ts';
import { vision } from './checks/vision.ts';

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
