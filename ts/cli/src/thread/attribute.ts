import { CliError } from '../error.ts';
import { createAdapterLoader } from '../receipt/adapter-evidence.ts';
import { liveSources } from '../receipt/sources.ts';
import { verifyReceipt } from '../receipt/verify.ts';
import type { Asked } from './ask.ts';
import { attributed } from './receipts.ts';
import type { Step } from './step.ts';

/** Each answer is attributed; every attribution is recomputed from public data. */
export const attributeStep: Step = {
  name: 'attribute',
  title: 'Each answer is traced to the rows that shaped it',
  async run(context, earlier) {
    const { questions, receipts } = earlier.ask as unknown as Asked;
    let checks = 0;
    let known = 0;
    let sourceFirst = 0;
    const adapters = createAdapterLoader(liveSources(context));
    for (const [index, id] of receipts.entries()) {
      const view = await attributed(context, id);
      context.say(`recomputing the attribution of answer ${index + 1} of ${receipts.length}`);
      const made = await verifyReceipt(liveSources(context), view, adapters);
      const failed = made.find(({ ok }) => !ok);
      if (failed !== undefined)
        throw new CliError(`Receipt ${id}: ${failed.name}: failed. ${failed.detail ?? ''}`);
      checks += made.length;
      const { asset } = questions[index];
      if (asset === undefined) continue;
      known++;
      if (view.attribution.items[0]?.asset === asset) sourceFirst++;
    }
    await adapters.close();
    return { checks, answers: receipts.length, known, sourceFirst };
  },
};
