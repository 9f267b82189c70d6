/** One thing that was recomputed, and whether it came out as the receipt says. */
export type Check = { name: string; ok: boolean; detail?: string };
