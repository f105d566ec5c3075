import { sendInBatches } from "../platform/database/set-statement.ts";
import { logEvent, logFault } from "../platform/log.ts";
import { retryOrDrop } from "../platform/queue/last-attempt.ts";
import { work } from "./job.ts";
import { type ImportMessage, importMessageSchema } from "./messages.ts";
import { importsDatabase, noteAsked, waiting } from "./store.ts";

/** Imports that one run of the cron asks for: those of a minute. */
const MOST = 100;

/**
 * Does the imports that messages ask for. A failure of an import is in its row.
 * @param others does the other work of this queue, which needs as much of a Worker: runs of rosters, and notes for
 * other platforms.
 */
export async function consumeImports(
  batch: MessageBatch<unknown>,
  env: Env,
  others: Readonly<Record<Exclude<ImportMessage["type"], "import">, (env: Env, id: string) => Promise<void>>>,
): Promise<void> {
  for (const message of batch.messages) {
    const parsed = importMessageSchema.safeParse(message.body);
    if (!parsed.success) throw new Error("a message that asks for no import");
    try {
      const { type, id } = parsed.data;
      await (type === "import" ? work : others[type])(env, id);
      message.ack();
    } catch (fault) {
      logFault("import_not_worked_on", fault, { import: parsed.data.id });
      // The minute cron asks again.
      retryOrDrop("latchkey-imports", message);
    }
  }
}

/**
 * Every minute: asks for imports whose worker has died or failed, and for those whose owner was not notified of the
 * end.
 */
export async function resumeImports(env: Env, now: number): Promise<void> {
  const db = importsDatabase(env);
  const ids = await waiting(db, now, MOST);
  if (ids.length === 0) return;
  await sendInBatches(
    env.IMPORT_QUEUE,
    ids.map((id): ImportMessage => ({ type: "import", id })),
  );
  await noteAsked(db, ids, now);
  logEvent("imports_resumed", { imports: ids.length });
}
