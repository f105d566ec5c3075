import { createClient, indexedDbSpool, RecordWriter } from "../../../src/client/index.ts";

// Runs in a page, bundled by the test: a writer whose spool is in the browser's IndexedDB.

let opened: Promise<RecordWriter> | null = null;

function writer(): Promise<RecordWriter> {
  opened ??= RecordWriter.open({
    client: createClient({ baseUrl: location.origin, getToken: () => "t" }),
    spool: indexedDbSpool("test"),
    batchSize: 10,
    lingerMs: 5,
    onInvalid: ({ error }) => {
      throw new Error(error.message);
    },
  });
  return opened;
}

Object.assign(globalThis, {
  spoolPage: {
    /** What is not acknowledged. */
    held: async () => (await writer()).status.held,
    failures: async () => (await writer()).status.failures,
    /** Resolves when all are kept. */
    write: async (first: number, count: number) => {
      const to = await writer();
      const ids = Array.from({ length: count }, (_, at) => first + at);
      const item = (id: number) => ({
        session_id: "ada:s",
        task_id: `ada:s:t${id}`,
        version: 1,
        source_text: `第${id}章`,
      });
      await Promise.all(ids.map((id) => to.write("tasks", item(id))));
    },
    flush: async () => (await writer()).flush(),
  },
});
