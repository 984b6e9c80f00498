/** The ways in which OpenAI-compatible providers and relays fall short while they seem to work. */

/** What each defect does. */
export const DEFECTS = {
  noModels: 'GET /models is not there.',
  noUsage: 'JSON answers do not tell their tokens.',
  buffersStream: 'A stream is held back until it is whole.',
  ignoresStream: 'A stream is answered with one JSON body.',
  noFinishReason: 'No chunk of a stream has a finish_reason.',
  noStreamUsage: 'stream_options.include_usage is ignored.',
  noDone: 'Streams end without [DONE].',
  ignoresTools: 'Functions are ignored, forced ones too: the answer is words.',
  brokenToolArguments: 'The arguments of a function break off, and are no JSON.',
  looseToolArguments: 'The arguments of a function do not keep to a strict schema.',
  singleToolCall: 'At most one function is called in a turn.',
  noToolCallIndex: 'The pieces of function calls in a stream have no index.',
  ignoresImages: 'Pictures are dropped from messages, and the model guesses.',
  refusesImages: 'Parts of a message other than text are refused with 400.',
  ignoresJsonMode: 'response_format json_object is ignored.',
  fencedJson: 'JSON mode answers inside a Markdown fence.',
  ignoresSchema: 'response_format json_schema is ignored.',
  noEmbeddings: 'POST /embeddings is not there.',
  unnormalisedEmbeddings: 'Embeddings are not of norm 1.',
  ignoresDimensions: 'Embeddings are of the same length whatever was asked for.',
  noResponses: 'POST /responses is not there.',
  ignoresN: 'n is ignored: one choice comes.',
  ignoresSeed: 'seed is ignored.',
  ignoresStop: 'Stop sequences are ignored.',
  ignoresMaxTokens: 'Limits on the output are ignored, under all their names.',
  hidesTruncation: 'An answer cut by its limit says finish_reason stop.',
  noLogprobs: 'logprobs are ignored.',
  truncatesLongOutput: 'An answer ends after 128 tokens, with finish_reason stop.',
  answersUnknownModel: 'A model that does not exist is answered for.',
  unknownModelAs503: 'An unknown model is refused as if the service were overloaded.',
  acceptsBadBody: 'A body that makes no sense is answered.',
  swallowsLongPrompts: 'A prompt over the window is cut without a word.',
  vagueContextError: 'A prompt over the window is refused without saying why.',
  errorsAs200: 'Errors come under status 200.',
  plainErrors: 'Errors have a body of another shape: { detail }.',
  refusesBursts: 'A fifth call at once is refused with 429.',
  noRetryAfter: 'A 429 does not say how long to wait.',
  serialises: 'Calls are served one after the other.',
  echoesKey: 'A 401 repeats the key that it refuses.',
  substitutesModel: 'Another model answers, and is named.',
  inflatesPromptTokens: 'Prompts are reported with 1.8 times their tokens.',
  unsteadyUsage: 'The same prompt is reported with other tokens each time.',
  claimsCachedTokens: 'Two thirds of every prompt are called cached.',
} as const;

/** A defect that a simulated provider can have. */
export type Defect = keyof typeof DEFECTS;

/** The defects of one provider. */
export type Defects = ReadonlySet<Defect>;
