import { directory } from "../../platform/database/shards.ts";
import { ASK_LEAVING, endLeaving } from "./leave.ts";
import { readNextContext } from "./members.ts";
import { sendScores, watchScores } from "./scores.ts";
import { anyLeaving, contextsDue } from "./statements.ts";

/** The message that asks for members of courses of platforms. */
const ASK_MEMBERS = { type: "lti", id: "members" } as const;

/** Every minute: asks for sessions that are to end, scores that are to be sent, and members that are to be read. */
export async function watchLti(env: Env, now: number): Promise<void> {
  if ((await anyLeaving(directory(env)).first()) !== null) await env.IMPORT_QUEUE.send(ASK_LEAVING);
  await watchScores(env, now);
  if ((await contextsDue(directory(env), now).first()) !== null) await env.IMPORT_QUEUE.send(ASK_MEMBERS);
}

/** Does what a message asks for. It says no more than that: what is due stands in D1. */
export async function workOnLti(env: Env, id: string): Promise<void> {
  if (id === "leaving") {
    if (await endLeaving(env, Date.now())) await env.IMPORT_QUEUE.send(ASK_LEAVING);
  } else if (id !== "members") await sendScores(env);
  else if (await readNextContext(env)) await env.IMPORT_QUEUE.send(ASK_MEMBERS);
}
