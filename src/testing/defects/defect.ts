/** Defects of OpenAI-compatible providers and relays that otherwise seem to work. */

/** What each defect does. */
export const DEFECTS = {
  noModels: 'GET /models does not exist.',
  noUsage: 'JSON answers do not report usage.',
  buffersStream: 'A stream is buffered and sent at once when it is complete.',
  ignoresStream: 'A streamed request is answered with one JSON body.',
  noFinishReason: 'Streams have no finish_reason.',
  noStreamUsage: 'stream_options.include_usage is ignored.',
  noDone: 'Streams end without [DONE].',
  ignoresTools: 'Functions are ignored, even forced ones; the answer is text.',
  brokenToolArguments: 'Function arguments are cut off, so they are not valid JSON.',
  looseToolArguments: 'Function arguments do not follow a strict schema.',
  singleToolCall: 'At most one function is called per turn.',
  noToolCallIndex: 'Streamed function calls have no index.',
  ignoresImages: 'Images are dropped from messages, and the model guesses.',
  refusesImages: 'Message parts other than text are rejected with 400.',
  ignoresJsonMode: 'response_format json_object is ignored.',
  fencedJson: 'JSON mode wraps the answer in a Markdown code fence.',
  ignoresSchema: 'response_format json_schema is ignored.',
  noEmbeddings: 'POST /embeddings does not exist.',
  unnormalisedEmbeddings: 'Embeddings are not normalised to length 1.',
  ignoresDimensions: 'The requested number of dimensions of embeddings is ignored.',
  noResponses: 'POST /responses does not exist.',
  ignoresN: 'n is ignored; the answer has one choice.',
  ignoresSeed: 'seed is ignored.',
  ignoresStop: 'Stop sequences are ignored.',
  ignoresMaxTokens: 'Output token limits are ignored, under all their names.',
  hidesTruncation: 'An answer cut by the token limit has finish_reason stop.',
  noLogprobs: 'logprobs are ignored.',
  truncatesLongOutput: 'Answers end after 128 tokens, with finish_reason stop.',
  answersUnknownModel: 'A request for a model that does not exist is answered.',
  unknownModelAs503: 'An unknown model is rejected with 503, as if the service were overloaded.',
  acceptsBadBody: 'An invalid body is answered instead of rejected.',
  swallowsLongPrompts: 'A prompt longer than the context window is truncated silently.',
  vagueContextError: 'A prompt longer than the context window is rejected without a reason.',
  errorsAs200: 'Errors are sent with status 200.',
  plainErrors: 'Error bodies have another shape: { detail }.',
  refusesBursts: 'A fifth concurrent call is rejected with 429.',
  noRetryAfter: 'A 429 has no retry-after header.',
  serialises: 'Concurrent calls are served one after another.',
  echoesKey: 'A 401 repeats the rejected key.',
  substitutesModel: 'Another model answers; the answer names it.',
  inflatesPromptTokens: 'Reported prompt tokens are 1.8 times the true number.',
  unsteadyUsage: 'Equal prompts are reported with different token counts.',
  claimsCachedTokens: 'Two thirds of every prompt are reported as cached.',
} as const;

/** A defect that a simulated provider can have. */
export type Defect = keyof typeof DEFECTS;

/** The defects of one provider. */
export type Defects = ReadonlySet<Defect>;
