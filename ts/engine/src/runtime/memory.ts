import { totalmem } from 'node:os';
import type { Model } from '../onnx/graph.ts';
import type { Profile } from './profile.ts';

/**
 * Native graphs of a base with more frozen float32 weights than this take them as inputs from the base's one copy.
 * Below it each session prepares its own: up to a third faster per step, for two more copies of the weights.
 */
export const SHARE_ABOVE = 2 ** 31 - 2 ** 24;

/** WebAssembly has addresses of 32 bits: 4 GiB for all sessions, with everything that they compute. */
const EXACT_SESSIONS = 2 ** 30;

const GIB = 2 ** 30;

/** What this process may use, in bytes; a container may have less than its machine. */
export function machineMemory(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem();
}

/** Bytes of large constants that the sessions of a runtime may hold together; more only where one alone has more. */
export function sessionBudget(profile: Profile): number {
  return profile === 'exact' ? EXACT_SESSIONS : machineMemory() / 4;
}

/** The large constants of a model, in bytes. */
export function constantBytes(model: Model): number {
  return [...model.files.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** Throws when weights of so many bytes cannot be computed with in a profile. */
export function checkFits(profile: Profile, bytes: number): void {
  if (profile === 'native' || bytes <= EXACT_SESSIONS) return;
  throw new Error(
    `The base model's weights take ${(bytes / GIB).toFixed(1)} GiB, and the exact profile computes in 4 GiB of WebAssembly, which holds weights of ${EXACT_SESSIONS / GIB} GiB. Choose the native profile, hold the weights in four bits (q4), or take a smaller base model.`,
  );
}

/** The sessions that are loaded, used longest ago first. */
export class ResidentSessions {
  readonly #budget: number;
  readonly #bytes = new Map<number, number>();

  constructor(budget: number) {
    this.#budget = budget;
  }

  /** Counts as use. `isNew`: it has to be loaded. `evicted`: those that have to go before. */
  use(session: number, bytes: number): { isNew: boolean; evicted: number[] } {
    const isNew = !this.#bytes.delete(session);
    const evicted: number[] = [];
    let others = [...this.#bytes.values()].reduce((sum, size) => sum + size, 0);
    for (const [other, size] of this.#bytes) {
      if (!isNew || others + bytes <= this.#budget) break;
      this.#bytes.delete(other);
      evicted.push(other);
      others -= size;
    }
    this.#bytes.set(session, bytes);
    return { isNew, evicted };
  }

  /** Whether it was loaded. */
  delete(session: number): boolean {
    return this.#bytes.delete(session);
  }
}
