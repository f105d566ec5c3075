import { nodeCrypto } from "../../../platform/node-crypto.ts";
import { type Actor, identifierOf } from "./actors.ts";
import { activitiesNamed, activityAbout, agentsAbout, agentsNamed } from "./agents-of.ts";
import type { Statement } from "./statement.ts";

/** What a query may ask for: each is one kind of term. */
export interface Sought {
  agent?: Actor | undefined;
  related_agents?: boolean | undefined;
  verb?: string | undefined;
  activity?: string | undefined;
  related_activities?: boolean | undefined;
  registration?: string | undefined;
}

type Kind = "agent" | "any-agent" | "verb" | "activity" | "any-activity" | "registration";

/** Characters of a term: 132 bits of a digest are as good as the value, and no longer than an id. */
const TERM_LENGTH = 22;

function term(kind: Kind, value: string): string {
  return nodeCrypto().createHash("sha256").update(`${kind}\n${value}`).digest("base64url").slice(0, TERM_LENGTH);
}

/** What a statement is found by, each once. */
export function termsOf(statement: Statement): string[] {
  const about = activityAbout(statement);
  const registration = statement.context?.registration;
  const ids = (actors: readonly Actor[]) => new Set(actors.flatMap((one) => identifierOf(one) ?? []));
  return [
    term("verb", statement.verb.id),
    ...ids(agentsAbout(statement))
      .values()
      .map((id) => term("agent", id)),
    ...ids(agentsNamed(statement))
      .values()
      .map((id) => term("any-agent", id)),
    ...(about === null ? [] : [term("activity", about.id)]),
    ...new Set(activitiesNamed(statement).map(({ id }) => id)).values().map((id) => term("any-activity", id)),
    ...(registration === undefined ? [] : [term("registration", registration.toLowerCase())]),
  ];
}

/** What a query asks for, the rarest kind first. */
export function termsSought(sought: Sought): string[] {
  const { agent, related_agents, verb, activity, related_activities, registration } = sought;
  const who = agent === undefined ? null : identifierOf(agent);
  return [
    ...(registration === undefined ? [] : [term("registration", registration.toLowerCase())]),
    ...(who === null ? [] : [term(related_agents === true ? "any-agent" : "agent", who)]),
    ...(activity === undefined ? [] : [term(related_activities === true ? "any-activity" : "activity", activity)]),
    ...(verb === undefined ? [] : [term("verb", verb)]),
  ];
}
