/** Creates the client from a configuration. */

import { OpenAIError } from 'openai';
import { CanaryClient } from '../index.ts';
import type { ClientConfig, LoadedConfig } from './load-config.ts';
import { UsageError } from './usage-error.ts';

/**
 * @param options the options of the file, possibly changed by the command
 * @throws UsageError with the file and what is wrong in it
 */
export function createClient({ name }: LoadedConfig, options: ClientConfig): CanaryClient {
  try {
    return new CanaryClient(options);
  } catch (error) {
    // The SDK throws these for a missing API key or base URL.
    if (error instanceof OpenAIError) throw new UsageError(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
}
