import type { Step } from './thread.ts';
export const liarStep: Step = { name: 'liar', title: 'A liar is caught', run: async () => ({}) };
