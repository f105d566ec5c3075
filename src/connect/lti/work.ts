import { directory } from "../../platform/database/shards.ts";
import { ASK_LEAVING, endLeaving } from "./leave.ts";
import { readNextContext } from "./members.ts";
import { readNextResults } from "./results.ts";
import { sendScores, watchScores } from "./scores.ts";
import { contextsDue } from "./statements/contexts.ts";
import { anyLeaving } from "./statements/people.ts";
import { resultsDue } from "./statements/results.ts";

/** The message that asks for members of courses of platforms. */
const ASK_MEMBERS = { type: "lti", id: "members" } as const;
/** The message that asks for results of gradebooks of platforms. */
const ASK_RESULTS = { type: "lti", id: "results" } as const;

/** Every minute: asks for what is due: sessions to end, scores to send, members and results to read. */
export async function watchLti(env: Env, now: number): Promise<void> {
  if ((await anyLeaving(directory(env)).first()) !== null) await env.IMPORT_QUEUE.send(ASK_LEAVING);
  await watchScores(env, now);
  if ((await contextsDue(directory(env), now).first()) !== null) await env.IMPORT_QUEUE.send(ASK_MEMBERS);
  if ((await resultsDue(directory(env), now).first()) !== null) await env.IMPORT_QUEUE.send(ASK_RESULTS);
}

/** Does what a message asks for. It says no more than that: what is due stands in D1. */
export async function workOnLti(env: Env, id: string): Promise<void> {
  if (id === "leaving") {
    if (await endLeaving(env, Date.now())) await env.IMPORT_QUEUE.send(ASK_LEAVING);
  } else if (id === "results") {
    if (await readNextResults(env)) await env.IMPORT_QUEUE.send(ASK_RESULTS);
  } else if (id !== "members") await sendScores(env);
  else if (await readNextContext(env)) await env.IMPORT_QUEUE.send(ASK_MEMBERS);
}
