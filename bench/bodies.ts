/** A chat call and its answer, both of typical size. */

export const callBody = {
  model: 'gpt-4.1',
  messages: [
    { role: 'system' as const, content: 'You answer briefly and in plain words. '.repeat(16) },
    { role: 'user' as const, content: 'What is a canary release, and why would I want one? '.repeat(10) },
  ],
};

export const answer = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_767_225_600,
  model: 'gpt-4.1-2025-04-14',
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: 'A canary release tries a change on a few first. '.repeat(10),
        refusal: null,
      },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: {
    prompt_tokens: 280,
    completion_tokens: 120,
    total_tokens: 400,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  },
} as const;

export const answerText = JSON.stringify(answer);
