/** What an agent stakes for; each role has a stake of its own. */
export const ROLE = { node: 0, curator: 1, validator: 2 } as const;

export type Role = keyof typeof ROLE;
