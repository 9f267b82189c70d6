import { db } from 'ponder:api';
import schema from 'ponder:schema';
import { Hono } from 'hono';
import { client, desc, eq, graphql, sum } from 'ponder';
import { isAddress } from 'viem';

const app = new Hono();

app.use('/graphql', graphql({ db, schema }));
app.use('/sql/*', client({ db, schema }));

/** Amounts don't fit JSON numbers: they travel as decimal strings, as in GraphQL. */
const json = (value: unknown): Response =>
  new Response(
    JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? v.toString() : v)),
    { headers: { 'content-type': 'application/json' } },
  );

/** What the system did so far, for a first look. */
app.get('/summary', async () => {
  const [datanets, contributions, models, agents, claims, fraudProofs, paid, flushed] = await Promise.all([
    db.$count(schema.datanet),
    db.$count(schema.contribution, eq(schema.contribution.status, 'accepted')),
    db.$count(schema.model),
    db.$count(schema.agent),
    db.$count(schema.claim),
    db.$count(schema.fraudProof),
    db.select({ total: sum(schema.payout.amount) }).from(schema.payout),
    db.select({ burned: sum(schema.flush.burned) }).from(schema.flush),
  ]);
  return json({
    datanets,
    contributions,
    models,
    agents,
    claims,
    fraudProofs,
    paid: paid[0].total ?? '0',
    burned: flushed[0].burned ?? '0',
  });
});

/** What one account was paid, the latest first, and what it owns that earns. */
app.get('/accounts/:address', async (c) => {
  const address = c.req.param('address').toLowerCase();
  if (!isAddress(address)) {
    return c.json({ error: 'That is not an address: 40 hex digits after 0x.' }, 400);
  }
  const [payouts, contributions, models] = await Promise.all([
    db
      .select()
      .from(schema.payout)
      .where(eq(schema.payout.payee, address))
      .orderBy(desc(schema.payout.paidAt))
      .limit(200),
    db.select().from(schema.contribution).where(eq(schema.contribution.owner, address)),
    db.select().from(schema.model).where(eq(schema.model.owner, address)),
  ]);
  return json({ payouts, contributions, models });
});

export default app;
