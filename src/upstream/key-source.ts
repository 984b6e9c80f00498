/** Where the credentials of an upstream come from, in the words of who set them: an option or a variable, never a key. */

import type { ClientOptions } from 'openai';
import { providerPreset, type ProviderName } from '../providers/presets.ts';
import type { Connection } from './upstream.ts';

/** Of the application's client; `priceProvider` tells an Azure client. */
export function homeKeySource(client: ClientOptions, priceProvider: string | undefined): string {
  if (client.workloadIdentity !== undefined) return 'workloadIdentity';
  if (client.apiKey !== undefined && client.apiKey !== null) return 'apiKey';
  return priceProvider === 'azure' ? 'AZURE_OPENAI_API_KEY' : 'OPENAI_API_KEY';
}

/** Of one more upstream, at `path` in the options. */
export function upstreamKeySource(
  path: string,
  { kind }: Connection,
  own: Pick<ClientOptions, 'apiKey' | 'workloadIdentity'> & { readonly provider?: ProviderName | undefined },
  home: string,
): string {
  if (kind === 'client') return home;
  if (kind === 'given') return `${path}.client`;
  if (own.workloadIdentity !== undefined) return `${path}.workloadIdentity`;
  const variable = own.provider === undefined ? undefined : providerPreset(own.provider).apiKeyVariable;
  return own.apiKey === undefined && variable !== undefined ? variable : `${path}.apiKey`;
}
