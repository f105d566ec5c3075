import { sendInBatches } from "../platform/database/set-statement.ts";
import type { RefreshMessage } from "./messages.ts";

/** Sends messages in as few calls as the platform allows. */
export async function sendAll(queue: Queue, messages: readonly RefreshMessage[]): Promise<void> {
  await sendInBatches(queue, messages);
}
