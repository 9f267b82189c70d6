/** The world's questions in words that no row has: whoever answers them has learned facts, not lines. */
import type { Question } from '@openledger/engine/evaluation/exact-match';

const OPENINGS = ['Please tell me: ', 'I would like to know. ', 'Do you know this? '] as const;

/** The same question behind an opening that the training rows never use; which one depends on the question alone. */
export function heldOutWording<Q extends Question>(question: Q): Q {
  const opening = OPENINGS[question.question.length % OPENINGS.length];
  return { ...question, question: `${opening}${question.question}` };
}
