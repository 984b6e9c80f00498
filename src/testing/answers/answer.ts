/** What a test may want a model to say. */

/** A call of a function by the model. */
export interface ToolCallAnswer {
  readonly name: string;
  /** Encoded as JSON on the way out. */
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Why an answer ends, in the words of chat completions. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

/** What a test wants the model to say. */
export interface Answer {
  /** @default what was asked for, where that is simple; 'Hello from <model>.'; nothing beside tool calls */
  readonly text?: string | undefined;
  readonly toolCalls?: readonly ToolCallAnswer[] | undefined;
  /** @default 'tool_calls' with tool calls, 'length' when the caller's limit cut the text, else 'stop' */
  readonly finishReason?: FinishReason | undefined;
}
