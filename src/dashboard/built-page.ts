/**
 * The page in one piece. It is built here when the source runs without a build, as in tests; the build of the package replaces this file by its result
 * (`tsup.config.ts`).
 */

import { buildPage } from '../../scripts/build-page.ts';

export const page = await buildPage();
