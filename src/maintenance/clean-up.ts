import { pruneLti, pruneWebhooks } from "../connect/index.ts";
import { destroyWithdrawn } from "../enrollment/index.ts";
import { pruneEvents } from "../events/index.ts";
import { pruneIdentity } from "../identity/index.ts";
import { pruneDrafts, pruneImports } from "../imports/index.ts";
import { pruneMessages } from "../learner/index.ts";
import { pruneMails } from "../mail/index.ts";
import { pruneMirror } from "../mirror/index.ts";
import { pruneInvitations, pruneRosters } from "../people/index.ts";
import { countedDatabase } from "../platform/database/counted.ts";
import { directory } from "../platform/database/shards.ts";
import { pruneAnswers } from "../platform/http/idempotency.ts";
import { logEvent } from "../platform/log.ts";
import { pruneLetters } from "../platform/queue/dead-letters.ts";

/** Everything that is kept for a limited time. Each function removes one page and says whether there may be more. */
const PRUNES: readonly ((env: Env, now: number) => Promise<boolean>)[] = [
  destroyWithdrawn,
  pruneMirror,
  pruneImports,
  pruneDrafts,
  pruneInvitations,
  (env, now) => pruneMails(env, now),
  pruneMessages,
  pruneRosters,
  pruneWebhooks,
  pruneLti,
  (env, now) => pruneAnswers(directory(env), now),
  (env, now) => pruneEvents(directory(env), now),
  (env, now) => pruneLetters(directory(env), now),
];

/** One page of the nightly clean-up. Sends a message for another page while there is more. */
export async function cleanUpPage(env: Env, now: number): Promise<void> {
  let isMore = false;
  for (const prune of PRUNES) isMore = (await prune(env, now)) || isMore;
  if (isMore) await env.REFRESH_QUEUE.send({ type: "cleanup" });
  else {
    await pruneIdentity(countedDatabase(directory(env), { count: 0 }), new Date(now));
    logEvent("cleanup_done");
  }
}
