import { erasedAmong } from "../identity/index.ts";
import { directory } from "../platform/database/shards.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { logEvent, logFault } from "../platform/log.ts";

/**
 * Every message about one user names the user in one of these fields. A message about many enrollments is not dropped
 * because of one of them: the object of an erased learner has nothing to deliver.
 */
function userOf(body: unknown): string | null {
  if (typeof body !== "object" || body === null || "others" in body) return null;
  if ("user_id" in body && typeof body.user_id === "string") return body.user_id;
  if ("enrollment_id" in body && typeof body.enrollment_id === "string")
    return parseEnrollmentId(body.enrollment_id).user;
  return null;
}

/**
 * A batch without the messages about erased users, which are acknowledged: a late message for them brings nothing back.
 * While D1 cannot say who was erased, the whole batch is handled; the second pass of an erasure finds what it writes.
 */
export async function withoutErased(batch: MessageBatch<unknown>, env: Env): Promise<MessageBatch<unknown>> {
  const users = batch.messages.map(({ body }) => userOf(body));
  const named = [...new Set(users.flatMap((user) => user ?? []))];
  if (named.length === 0) return batch;
  try {
    const erased = await erasedAmong(directory(env), named);
    if (erased.size === 0) return batch;
    const late = new Set(batch.messages.filter((_, index) => erased.has(users[index] ?? "")));
    for (const message of late) message.ack();
    logEvent("late_messages_dropped", { queue: batch.queue, messages: late.size });
    return {
      queue: batch.queue,
      metadata: batch.metadata,
      messages: batch.messages.filter((message) => !late.has(message)),
      ackAll: () => batch.ackAll(),
      retryAll: (options) => batch.retryAll(options),
    };
  } catch (fault) {
    logFault("late_messages_unchecked", fault, { queue: batch.queue });
    return batch;
  }
}
