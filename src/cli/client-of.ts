/** Builds the client that a configuration describes. */

import { OpenAIError } from 'openai';
import { CanaryClient } from '../index.ts';
import type { ClientConfig, LoadedConfig } from './load-config.ts';
import { UsageError } from './usage-error.ts';

/**
 * @param options those of the file, or what a command has made of them
 * @throws UsageError that names the file, and what in it cannot be right
 */
export function clientOf({ name }: LoadedConfig, options: ClientConfig): CanaryClient {
  try {
    return new CanaryClient(options);
  } catch (error) {
    // The SDK's own say what is missing: a key, an address.
    if (error instanceof OpenAIError) throw new UsageError(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
}
