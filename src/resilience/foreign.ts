/** Recognizes errors for what another account made: an id that the upstream does not know, or an item that it cannot read. */

import { readSdkError } from './read-error.ts';

/** What an upstream refused as not its own. */
export type Foreign = 'id' | 'item';

/**
 * `undefined` for every other error.
 *
 * @param namesId whether the call names the id of a response or conversation: then the endpoint itself may be missing, too
 */
export function foreignIn(error: unknown, namesId: boolean): Foreign | undefined {
  const sdkError = readSdkError(error);
  if (sdkError?.is !== 'response') return undefined;
  const { status, code, text } = sdkError.response;
  // An upstream that does not serve the model may still have made the response.
  if (FOREIGN_ITEM.test(text)) return 'item';
  if (!namesId) return undefined;
  return status === 404 || status === 405 || code === 'previous_response_not_found' || FOREIGN_ID.test(text)
    ? 'id'
    : undefined;
}

/** "Previous response with id 'resp_1' not found.", "Conversation with id 'conv_1' not found." (OpenAI, 400 and 404) */
const FOREIGN_ID = /(?:response|conversation) with id \S+ not found/;

const FOREIGN_ITEM = new RegExp(
  [
    'invalid_encrypted_content', // OpenAI, 400
    'encrypted content .*could not be (?:verified|decrypted)', // OpenAI
    'encrypted_content .*could not be (?:verified|decrypted)',
    'item with id \\S+ not found', // OpenAI, 400 and 404: an item that is stored with another account
    'invalid .?signature.? in .?thinking', // Anthropic, 400
    'thought.?signature (?:is )?(?:not valid|invalid)', // Gemini, 400
    '(?:corrupted|invalid) thought.?signature', // Gemini, 400
  ].join('|'),
);
