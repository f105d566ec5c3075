import { type AppContext, actorOf, keyOf } from "../platform/http/context.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { reachesCourse } from "../platform/scopes.ts";
import { callBroadcastLog } from "./broadcast-log-stub.ts";
import { parseTopic, type TopicParts, topicsSchema } from "./topics.ts";

/** Whether the caller may listen to a topic of a course. @returns a refusal only if it cannot be decided now. */
export type TopicRights = (c: AppContext, topic: Exclude<TopicParts, { kind: "task" }>) => Promise<Result<boolean>>;

/**
 * Whether the caller may listen to all of the topics.
 * @returns a refusal that names each topic without a right. It does not say whether such a thing exists.
 */
export async function allowTopics(c: AppContext, topics: readonly string[], hears: TopicRights): Promise<Result<null>> {
  const asked = await Promise.all(topics.map((topic) => mayHear(c, topic, hears)));
  for (const answer of asked) if (!answer.ok) return answer;
  const errors = asked.flatMap((answer, index) =>
    answer.ok && !answer.value
      ? [{ path: `topics[${index}]`, rule: "not_allowed", message: "you may not listen to this topic" }]
      : [],
  );
  return errors.length === 0
    ? ok(null)
    : refuse("forbidden", { detail: "You may not listen to one of these topics.", errors });
}

/** The topics in a query, if they are valid and the caller may listen to them. */
export async function topicsIn(c: AppContext, named: string, hears: TopicRights): Promise<Result<string[]>> {
  if (named === "") return ok([]);
  const parsed = topicsSchema.safeParse([...new Set(named.split(","))]);
  if (!parsed.success) {
    const message = parsed.error.issues[0]?.message ?? "no list of topics";
    return refuse("invalid_input", { errors: [{ path: "topics", rule: "topic", message }] });
  }
  const allowed = await allowTopics(c, parsed.data, hears);
  return allowed.ok ? ok(parsed.data) : allowed;
}

/** Whether the caller's key, if there is one, includes the course of a topic. */
export function reachesTopic(c: AppContext, topic: string): boolean {
  const parts = parseTopic(topic);
  return parts === null || parts.kind === "task" || reachesCourse(keyOf(c), parts.course);
}

async function mayHear(c: AppContext, topic: string, hears: TopicRights): Promise<Result<boolean>> {
  const parts = parseTopic(topic);
  if (parts === null || !reachesTopic(c, topic)) return ok(false);
  if (parts.kind !== "task") return hears(c, parts);
  const { id, role } = actorOf(c);
  // It is not known whether a key that is limited to some courses includes a task.
  if (role === "admin" || (role === "service" && (keyOf(c)?.courses ?? null) === null)) return ok(true);
  const readers = await callBroadcastLog(c.env, (stub) => stub.readersOf(parts.task));
  return readers.ok ? ok(readers.value.includes(id)) : readers;
}
