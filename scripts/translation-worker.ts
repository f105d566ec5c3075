import { parseArgs } from "node:util";
import { createClient, RecordWriter, restoreSession } from "../src/client/index.ts";
import { fileSpool } from "../src/client/records/node.ts";

// LATCHKEY_TOKEN=… node scripts/translation-worker.ts --url URL --session OWNER:NAME --spool FILE [--delay MS]
//
// Worked example of a job that may be killed at any moment: asks which tasks are open, translates them (here: a stand-in
// for a translation service) and writes the results back. Start it again with the same spool and it carries on: results
// that were not acknowledged are sent first, and only what is still open is translated.

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    session: { type: "string" },
    spool: { type: "string" },
    delay: { type: "string", default: "20" },
  },
});
const { url, session, spool } = values;
const token = process.env.LATCHKEY_TOKEN; // arguments are seen by every user of the machine
if (url === undefined || token === undefined || session === undefined || spool === undefined) {
  console.error(
    "usage: LATCHKEY_TOKEN=… node scripts/translation-worker.ts --url URL --session OWNER:NAME --spool FILE",
  );
  process.exit(2);
}

const client = createClient({ baseUrl: url, getToken: () => token });
const writer = await RecordWriter.open({
  client,
  spool: fileSpool(spool),
  onInvalid: ({ item, error }) => console.error(`not taken: ${item.task_id}: ${error.rule}, ${error.message}`),
  onProblem: ({ title, detail }, failures) => console.error(`try ${failures}: ${title} ${detail ?? ""}`),
});
// A polite end: what is done is sent, for ten seconds at most; the rest is in the spool.
process.once("SIGTERM", () => {
  void writer.stop().then(({ left }) => {
    console.log(`stopped, ${left} in the spool`);
    process.exit(0);
  });
});

console.log(`${writer.status.held} results were left by an earlier run`);
// First what is done already: a task whose result is in the spool is still open to the server.
await writer.flush();
let translated = 0;
for await (const task of restoreSession(client, session)) {
  const { created_at: _created, updated_at: _updated, ...item } = task;
  const translated_text = await translate(task.source_text, Number(values.delay));
  await writer.write("tasks", { ...item, version: task.version + 1, status: "completed", translated_text });
  translated += 1;
  console.log(`translated ${task.task_id}`);
}
await writer.stop({ deadlineMs: 60_000 });
console.log(`finished, ${translated} translated, ${writer.status.held} in the spool`);
process.exit(writer.status.held === 0 ? 0 : 1);

/** Stands for a translation service: slow, and worth not asking twice. */
async function translate(text: string, delayMs: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  return [...text].reverse().join("");
}
