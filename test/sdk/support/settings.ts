/** The three settings in which our client is compared with a bare one. */

import type { CanaryOptions } from '../../../src/index.ts';
import type { Difference, SettingName } from './behaviour.ts';
import { asksForUsage, leavesByOtherClient } from './differences.ts';

export interface Setting {
  readonly name: SettingName;
  readonly title: string;
  readonly canary: CanaryOptions | undefined;
  /** Whether the client has sent requests before. @default false */
  readonly isUsed?: boolean;
  /** Documented differences that every behaviour may show. */
  readonly differs: readonly Difference[];
}

export const CLIENT_URL = 'https://home.test/v1';
export const CLIENT_KEY = 'sk-home-0123456789';
export const OTHER = { url: 'https://other.test/api/v1', key: 'sk-other-0123456789' };

export const SETTINGS: readonly Setting[] = [
  { name: 'off', title: 'without a canary option', canary: undefined, isUsed: true, differs: [] },
  { name: 'on', title: 'with an empty canary option', canary: {}, isUsed: true, differs: [asksForUsage] },
  {
    name: 'elsewhere',
    title: 'through another upstream',
    // Stable and without fallbacks, so that no refusal leaves it and the caller gets its response.
    canary: {
      upstreams: { other: { baseURL: OTHER.url, apiKey: OTHER.key } },
      stable: 'other',
      weights: { other: 1 },
      fallbacks: [],
    },
    differs: [asksForUsage, leavesByOtherClient(OTHER)],
  },
];
