/** A text whose tokens are known. */

/** Written for this purpose, so that it stands in no provider's cache. */
export const PASSAGE =
  'The old lighthouse keeper woke before dawn, as he had done for forty years. He lit the stove, put a kettle on it, ' +
  'and went up the ninety-three steps to see that the lamp was clean. Below him the sea was grey and slow. Two fishing ' +
  'boats, red and green, were already far out, and a third was being pushed down the beach by a man and his two sons. ' +
  'Gulls followed them all, loud and hungry. At half past six the tide turned. He wrote it down in the log, with the ' +
  'wind (north-west, 12 knots), the air (7.5 degrees) and the state of the sky: thin cloud, clearing. Nobody had read ' +
  'the log in years, but he liked its even rows of ink, and he had never missed a day. When the kettle began to sing he ' +
  'went down again, cut some bread, and ate it by the window. A letter lay on the table. It said that on the first of ' +
  'May an automatic lamp would take his place, that he would have a pension of 1,240 a month, and that the service ' +
  'thanked him. He folded it twice, laid it under the bread board, and went out to mend the fence.';

/** In o200k_base, the vocabulary of OpenAI's models since GPT-4o; 250 in cl100k_base, that of those before. A test counts them. */
export const PASSAGE_TOKENS = 249;
