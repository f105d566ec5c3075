import { z } from "@hono/zod-openapi";
import { erasedAmong } from "../identity/index.ts";
import { directory } from "../platform/database/shards.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { logEvent, logFault } from "../platform/log.ts";

/** Every message about one user names them in one of these ways. */
const aboutUser = z.looseObject({ user_id: z.string() });
const aboutEnrollment = z.looseObject({ enrollment_id: z.string() });

function userOf(body: unknown): string | null {
  const user = aboutUser.safeParse(body);
  if (user.success) return user.data.user_id;
  const enrollment = aboutEnrollment.safeParse(body);
  return enrollment.success ? parseEnrollmentId(enrollment.data.enrollment_id).user : null;
}

/**
 * A batch without the messages about erased users, which are acknowledged: whatever comes late for them revives nothing.
 * While D1 cannot say who that is, the batch goes on as it is; the second pass of an erasure finds what it brings.
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
