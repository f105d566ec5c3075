import { directory } from "../../platform/database/shards.ts";
import { readNextContext } from "./members.ts";
import { sendScores, watchScores } from "./scores.ts";
import { contextsDue } from "./statements.ts";

/** The message that asks for members of courses of platforms. */
const ASK_MEMBERS = { type: "lti", id: "members" } as const;

/** Every minute: asks for scores that are to be sent, and members that are to be read. */
export async function watchLti(env: Env, now: number): Promise<void> {
  await watchScores(env, now);
  if ((await contextsDue(directory(env), now).first()) !== null) await env.IMPORT_QUEUE.send(ASK_MEMBERS);
}

/** Does what a message asks for. It says no more than that: what is due stands in D1. */
export async function workOnLti(env: Env, id: string): Promise<void> {
  if (id !== "members") await sendScores(env);
  else if (await readNextContext(env)) await env.IMPORT_QUEUE.send(ASK_MEMBERS);
}
