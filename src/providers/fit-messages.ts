/** Messages as providers take them that do not know all that OpenAI does. */

/** What a provider does not know in a message. */
export interface MessageLimits {
  /** The `name` of a participant. */
  readonly name: boolean;
}

/**
 * The list with `developer` messages under the role `system`, which means the same and is the older name ("functionally
 * developer messages are the same as system messages",
 * https://learn.microsoft.com/azure/ai-foundry/openai/how-to/reasoning#developer-messages), and without names where these
 * are not known. The same list where nothing changes; messages that do not change are shared. Anything but a list is
 * returned as it is.
 */
export function fitMessages(messages: unknown, { name: knowsName }: MessageLimits): unknown {
  if (!Array.isArray(messages)) return messages;
  let fitted: unknown[] | undefined;
  for (let index = 0; index < messages.length; index += 1) {
    const message: unknown = messages[index];
    const fits = fitMessage(message, knowsName);
    if (fits !== message) (fitted ??= messages.slice())[index] = fits;
  }
  return fitted ?? messages;
}

function fitMessage(message: unknown, knowsName: boolean): unknown {
  if (typeof message !== 'object' || message === null) return message;
  const { role, name } = message as { readonly role?: unknown; readonly name?: unknown };
  const isDeveloper = role === 'developer';
  // A function's answer is nothing without its name.
  const losesName = !knowsName && name !== undefined && role !== 'function';
  if (!isDeveloper && !losesName) return message;
  const fits: Record<string, unknown> = { ...message };
  if (isDeveloper) fits['role'] = 'system';
  if (losesName) delete fits['name'];
  return fits;
}
