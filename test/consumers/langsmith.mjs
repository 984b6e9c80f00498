/** LangSmith's wrapper. @packages langsmith */

import { wrapOpenAI } from 'langsmith/wrappers';
import { ai, expectCalls } from './client.mjs';

await expectCalls(wrapOpenAI(ai));
