/** Writes `world/questions.json` from the rows: `node ts/models/src/world-questions.ts`. A test fails when it is out of date. */
import { writeFileSync } from 'node:fs';
import { loadWorld, questionsOf, worldDirectory } from './world.ts';

const questions = questionsOf(loadWorld());
writeFileSync(`${worldDirectory}/questions.json`, `${JSON.stringify(questions, null, 2)}\n`);
process.stdout.write(`${questions.length} questions written to world/questions.json\n`);
