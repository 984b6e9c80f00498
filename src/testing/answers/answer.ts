/** The answer that a test asks of a simulated model. */

/** A function call made by the model. */
export interface ToolCallAnswer {
  readonly name: string;
  /** Sent as a JSON string. */
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** The `finish_reason` of chat completions. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

/** An answer of the model. Fields left out are made up from the request. */
export interface Answer {
  /** @default a simple request is followed; otherwise 'Hello from <model>.', or nothing if there are `toolCalls` */
  readonly text?: string | undefined;
  readonly toolCalls?: readonly ToolCallAnswer[] | undefined;
  /** @default 'tool_calls' with tool calls, 'length' if the caller's token limit cut the text, otherwise 'stop' */
  readonly finishReason?: FinishReason | undefined;
}
