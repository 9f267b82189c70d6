import type { ListTasksRequest, ListTasksResponse, Task } from '@a2a-js/sdk';
import type { TaskStore } from '@a2a-js/sdk/server';
import { createLru } from '../models/lru.ts';

/** Tasks that wait for their payment, or whose answer may still be fetched. */
const MOST = 1_000;

/**
 * Keeps the tasks used last, in memory: an answer that was paid for is in the journal, not here. Whoever knows a task's
 * id may read it; nobody may list them, because those who ask are not told apart.
 */
export function createTaskStore(): TaskStore {
  const tasks = createLru<string, Task>(MOST);
  return {
    load: async (id) => structuredClone(tasks.get(id)),
    save: async (task) => tasks.set(task.id, structuredClone(task)),
    list: async (request: ListTasksRequest): Promise<ListTasksResponse> => ({
      tasks: [],
      nextPageToken: '',
      pageSize: request.pageSize ?? 0,
      totalSize: 0,
    }),
  };
}
