/** Instructor. @packages @instructor-ai/instructor zod@3 */

import Instructor from '@instructor-ai/instructor';
import { z } from 'zod';
import { ai, body, expectText } from './client.mjs';

const client = Instructor({ client: ai, mode: 'TOOLS' });
const schema = z.object({ celsius: z.number() });
const answer = await client.chat.completions.create({ ...body, response_model: { schema, name: 'Temperature' } });
expectText(typeof answer.celsius, 'number');
