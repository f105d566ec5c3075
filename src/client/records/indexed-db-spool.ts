import type { SealedBatch, Spool, SpooledItem } from "./spool.ts";

const ITEMS = "items";
const BATCHES = "batches";

/**
 * A spool in the browser's IndexedDB, which survives the page. Tabs that write at the same time need different names,
 * because each writer needs its own spool.
 */
export function indexedDbSpool(name: string): Spool {
  let database: IDBDatabase | null = null;

  const change = (work: (items: IDBObjectStore, batches: IDBObjectStore) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      if (database === null) return reject(new Error("the spool is not open"));
      const transaction = database.transaction([ITEMS, BATCHES], "readwrite", { durability: "strict" });
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error("the transaction was aborted"));
      work(transaction.objectStore(ITEMS), transaction.objectStore(BATCHES));
    });

  return {
    async open() {
      database = await openDatabase(name);
      const transaction = database.transaction([ITEMS, BATCHES], "readonly");
      // Keys are numbers in the order of writing, and getAll returns them in that order.
      const [items, batches] = await Promise.all([
        answerOf<SpooledItem[]>(transaction.objectStore(ITEMS).getAll()),
        answerOf<SealedBatch[]>(transaction.objectStore(BATCHES).getAll()),
      ]);
      return { items, batches };
    },
    append: (added) =>
      change((items) => {
        for (const item of added) items.add(item);
      }),
    seal: (batch) =>
      change((_items, batches) => {
        batches.add(batch);
      }),
    remove: ({ from, to }) =>
      change((items, batches) => {
        items.delete(IDBKeyRange.upperBound(to));
        batches.delete(from);
      }),
    close: async () => {
      database?.close();
      database = null;
    },
  };
}

function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(`latchkey.spool.${name}`, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(ITEMS, { keyPath: "seq" });
    request.result.createObjectStore(BATCHES, { keyPath: "from" });
  };
  return answerOf(request);
}

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB did not answer"));
  });
}
