/** Prints what an ESM application observes. */

import * as openai from 'openai';
import * as canary from 'openai-canary';
import * as analysis from 'openai-canary/analysis';
import * as prometheus from 'openai-canary/prometheus';
import * as testing from 'openai-canary/testing';
import facts from './facts.cjs';

console.log(JSON.stringify(await facts.observe({ openai, canary, testing, analysis, prometheus })));
