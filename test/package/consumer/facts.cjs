/** What an application observes of the built package, as one plain object. */

/** The modules of the SDK and of the entry points, however the application loaded them. */
exports.observe = async ({ openai, canary, testing, analysis, prometheus }) => {
  const { OpenAI } = openai;
  const { CanaryClient } = canary;
  const sent = [];
  const options = { apiKey: 'x', maxRetries: 0, fetch: answerInMemory(sent) };
  const routed = new CanaryClient({
    ...options,
    canary: { upstreams: { next: { model: 'model-of-next' } }, weights: { next: 1 } },
  });
  const request = { model: 'model-of-caller', messages: [{ role: 'user', content: 'Say hello.' }] };
  const plain = await new CanaryClient(options).chat.completions.create(request);
  const whole = await routed.chat.completions.create(request);
  let streamed = '';
  for await (const chunk of await routed.chat.completions.create({ ...request, stream: true })) {
    streamed += chunk.choices[0]?.delta.content ?? '';
  }
  const refused = await new CanaryClient(options).chat.completions
    .create({ ...request, model: 'refused' })
    .catch((error) => error);
  return {
    exports: {
      '.': namesOf(canary),
      './testing': namesOf(testing),
      './analysis': namesOf(analysis),
      './prometheus': namesOf(prometheus),
    },
    renamedClasses: [...renamedClasses(canary), ...renamedClasses(testing)],
    isInstanceOfSdk: new CanaryClient({ apiKey: 'x' }) instanceof OpenAI,
    extendsSdkClass: CanaryClient.prototype instanceof OpenAI && CanaryClient.prototype !== OpenAI.prototype,
    plainAnswer: plain.choices[0].message.content,
    routedAnswer: whole.choices[0].message.content,
    streamedAnswer: streamed,
    modelsSent: sent.map((body) => body.model),
    errorIsOfSdk: refused instanceof OpenAI.BadRequestError,
  };
};

// `default` and `module.exports` are how Node shows a CommonJS module to an ESM one.
const namesOf = (module) =>
  Object.keys(module)
    .filter((name) => !['default', 'module.exports', '__esModule'].includes(name))
    .toSorted();

/** A bundler renames a class that refers to itself; the name stands in the `User-Agent` and in stack traces. */
const renamedClasses = (module) =>
  namesOf(module)
    .filter((name) => /^class\b/.test(String(module[name])) && module[name].name !== name)
    .map((name) => `${name} is named ${module[name].name}`);

function answerInMemory(sent) {
  return async (_url, { body }) => {
    const request = JSON.parse(body);
    sent.push(request);
    if (request.model === 'refused') return Response.json({ error: { message: 'refused' } }, { status: 400 });
    return request.stream ? eventStream(['Hel', 'lo.']) : Response.json(completion());
  };
}

function completion() {
  const message = { role: 'assistant', content: 'Hello.', refusal: null };
  const choices = [{ index: 0, message, finish_reason: 'stop', logprobs: null }];
  return { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm', choices };
}

function eventStream(parts) {
  const deltas = [
    ...parts.map((content) => ({ delta: { content }, finish_reason: null })),
    { delta: {}, finish_reason: 'stop' },
  ];
  const chunks = deltas.map((choice) => ({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, ...choice }],
  }));
  const events = [...chunks.map((chunk) => JSON.stringify(chunk)), '[DONE]'];
  return new Response(events.map((data) => `data: ${data}\n\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  });
}
