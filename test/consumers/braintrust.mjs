/** Braintrust's wrapper. @packages braintrust zod */

import { wrapOpenAI } from 'braintrust';
import { ai, expectCalls } from './client.mjs';

await expectCalls(wrapOpenAI(ai));
