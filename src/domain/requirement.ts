/** What a call may need of an upstream beyond words in, words out. */

/** All that not every upstream can do, in the order in which a lack of them is named. */
export const REQUIREMENTS = ['vision', 'audio', 'files', 'tools', 'jsonSchema', 'logprobs', 'multipleChoices'] as const;

/** One thing that not every upstream can do. */
export type Requirement = (typeof REQUIREMENTS)[number];
