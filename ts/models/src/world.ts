/**
 * The demo world: three datanets of invented facts, nine contributions, and the questions whose true source is known.
 *
 * The files under `world/` are the truth. A contribution's bytes are exactly its file's bytes (no final newline), so that a row's
 * offset here is the offset that its `rowsRoot` commits to.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where the world's files lie. */
export const worldDirectory: string = fileURLToPath(new URL('../world/', import.meta.url));

/** One row of a contribution: a question line and an answer line, at a place in the contribution's bytes. */
export type WorldRow = {
  /** Position in the contribution, from 0. */
  readonly index: number;
  /** First byte of the row in the contribution. */
  readonly byteOffset: number;
  /** Length of the row in bytes, without the blank line that separates it from the next. */
  readonly byteLength: number;
  /** The row as it stands in the file: question, newline, answer. */
  readonly text: string;
  readonly question: string;
  readonly answer: string;
};

/** A contribution: one file by one contributor. */
export type WorldContribution = {
  readonly datanet: string;
  readonly slug: string;
  readonly title: string;
  readonly contributor: string;
  readonly licence: string;
  readonly source: string;
  /** Absolute path of the file. */
  readonly path: string;
  /** The file's bytes: what is hashed, stored and rooted on chain. */
  readonly bytes: Uint8Array;
  readonly rows: readonly WorldRow[];
};

/** A datanet with its policy and its three contributions. */
export type WorldDatanet = {
  readonly slug: string;
  readonly name: string;
  readonly subject: string;
  readonly licences: readonly string[];
  readonly schema: string;
  readonly mediaType: string;
  readonly rules: readonly string[];
  /** Whether its rows are among the 120 questions. */
  readonly asked: boolean;
  readonly contributions: readonly WorldContribution[];
};

/** The whole world. */
export type World = {
  readonly name: string;
  readonly about: string;
  readonly datanets: readonly WorldDatanet[];
};

/** A question whose answer stands in exactly one row of the world. */
export type WorldQuestion = {
  /** `<datanet>/<contribution>#<row>`. */
  readonly id: string;
  readonly datanet: string;
  readonly contribution: string;
  readonly row: number;
  /** The name that the question asks about; the answer repeats it. */
  readonly entity: string;
  readonly question: string;
  readonly answer: string;
};

type WorldFile = Omit<World, 'datanets'> & {
  datanets: (Omit<WorldDatanet, 'contributions'> & {
    contributions: Omit<WorldContribution, 'datanet' | 'path' | 'bytes' | 'rows'>[];
  })[];
};

/** Reads the world from disk. Throws when a file is not made of question-and-answer rows. */
export function loadWorld(directory: string = worldDirectory): World {
  const file = JSON.parse(readFileSync(`${directory}/world.json`, 'utf8')) as WorldFile;
  return {
    name: file.name,
    about: file.about,
    datanets: file.datanets.map((datanet) => ({
      ...datanet,
      contributions: datanet.contributions.map((contribution) => {
        const path = fileURLToPath(
          new URL(`${datanet.slug}/${contribution.slug}.txt`, directoryUrl(directory)),
        );
        const bytes = new Uint8Array(readFileSync(path));
        return { ...contribution, datanet: datanet.slug, path, bytes, rows: splitWorldRows(bytes, path) };
      }),
    })),
  };
}

/** Splits a contribution's bytes into rows at blank lines and gives each row's place in bytes. */
export function splitWorldRows(bytes: Uint8Array, path = 'contribution'): WorldRow[] {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  const encoder = new TextEncoder();
  let byteOffset = 0;
  return text.split('\n\n').map((row, index) => {
    const byteLength = encoder.encode(row).length;
    const [question, answer, ...rest] = row.split('\n');
    if (!question || !answer || rest.length > 0) {
      throw new Error(
        `${path}: row ${index} is not a question line and an answer line. Separate rows by one blank line and end the file without a newline.`,
      );
    }
    const placed = { index, byteOffset, byteLength, text: row, question, answer };
    byteOffset += byteLength + 2;
    return placed;
  });
}

/** Every contribution of the world, datanet by datanet. */
export function worldContributions(world: World = loadWorld()): WorldContribution[] {
  return world.datanets.flatMap((datanet) => datanet.contributions);
}

/** The 120 questions as committed in `world/questions.json`, in the order of the rows. */
export function loadWorldQuestions(directory: string = worldDirectory): WorldQuestion[] {
  return JSON.parse(readFileSync(`${directory}/questions.json`, 'utf8')) as WorldQuestion[];
}

/** The questions as the rows of the asked datanets give them; `world/questions.json` is this, written down. */
export function questionsOf(world: World): WorldQuestion[] {
  return world.datanets
    .filter((datanet) => datanet.asked)
    .flatMap((datanet) => datanet.contributions)
    .flatMap((contribution) =>
      contribution.rows.map((row) => ({
        id: `${contribution.datanet}/${contribution.slug}#${row.index}`,
        datanet: contribution.datanet,
        contribution: contribution.slug,
        row: row.index,
        entity: entityOf(row.question, row.answer),
        question: row.question,
        answer: row.answer,
      })),
    );
}

/** The name a row is about: the longest run of capitalised words, after the first word of the question, that both lines share. */
export function entityOf(question: string, answer: string): string {
  const names = question.match(/(?<!^)\b[A-Z]\w*(?: [A-Z]\w*)*/g) ?? [];
  const shared = names.filter((name) => answer.includes(name)).sort((a, b) => b.length - a.length);
  const [name] = shared;
  if (name === undefined) throw new Error(`No name is shared by "${question}" and "${answer}".`);
  return name;
}

function directoryUrl(directory: string): URL {
  return new URL(`file://${directory.endsWith('/') ? directory : `${directory}/`}`);
}
