import { useQuery } from '@tanstack/react-query';
import { useNetwork } from '../../app/network-context.tsx';
import { loadUri, readRows } from '../../lib/content.ts';
import { parseCard, type ServedModel } from '../../lib/models.ts';

const CONTRIBUTIONS = 4;

/** Questions that the chosen adapter has learned to answer: one of each of a few of its contributions. */
export function useExamples(model: ServedModel | undefined): string[] {
  const { nodeUrl } = useNetwork();
  const examples = useQuery({
    queryKey: ['examples', nodeUrl, model?.uri],
    enabled: model?.kind === 'adapter',
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const card = parseCard(await loadUri(nodeUrl, model!.uri));
      const stride = Math.max(1, Math.floor(card.contributions.length / CONTRIBUTIONS));
      const chosen = card.contributions.filter((_, index) => index % stride === 0).slice(0, CONTRIBUTIONS);
      const questions = await Promise.all(
        chosen.map(async ({ uri }, index) => {
          const rows = readRows(await loadUri(nodeUrl, uri)).filter(({ question }) => question !== '');
          return rows[(7 * index + 1) % Math.max(1, rows.length)]?.question;
        }),
      );
      return questions.filter((question) => question !== undefined);
    },
  });
  return examples.data ?? [];
}
