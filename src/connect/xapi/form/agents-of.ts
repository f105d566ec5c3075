import type { Activity } from "./activity.ts";
import { type Actor, withMembers } from "./actors.ts";
import type { Statement } from "./statement.ts";

type Part = Pick<Statement, "actor" | "context"> & { object: Statement["object"] };

/** Who a statement is about: its actor and its object, members of groups included (1.0.3 part 3, section 2.1.3, `agent`). */
export function agentsAbout({ actor, object }: Part): Actor[] {
  const isAgent = object.objectType === "Agent" || object.objectType === "Group";
  return [actor, ...(isAgent ? [object] : [])].flatMap(withMembers);
}

/** Everybody whom a statement names in any place (`related_agents`). */
export function agentsNamed(statement: Statement): Actor[] {
  const { object, authority } = statement;
  return [
    ...namedIn(statement),
    ...(object.objectType === "SubStatement" ? namedIn(object) : []),
    ...(authority === undefined ? [] : withMembers(authority)),
  ];
}

function namedIn(part: Part): Actor[] {
  const { instructor, team, contextAgents = [], contextGroups = [] } = part.context ?? {};
  const others = [
    instructor,
    team,
    ...contextAgents.map(({ agent }) => agent),
    ...contextGroups.map(({ group }) => group),
  ];
  return [...agentsAbout(part), ...others.flatMap((one) => (one === undefined ? [] : withMembers(one)))];
}

/** The activity a statement is about, if it is about one (`activity`). */
export function activityAbout({ object }: Pick<Part, "object">): Activity | null {
  return object.objectType === undefined || object.objectType === "Activity" ? object : null;
}

/** Every activity that a statement names (`related_activities`). */
export function activitiesNamed(statement: Statement): Activity[] {
  const { object } = statement;
  return [...activitiesIn(statement), ...(object.objectType === "SubStatement" ? activitiesIn(object) : [])];
}

function activitiesIn(part: Part): Activity[] {
  const { parent = [], grouping = [], category = [], other = [] } = part.context?.contextActivities ?? {};
  const about = activityAbout(part);
  return [...(about === null ? [] : [about]), ...parent, ...grouping, ...category, ...other];
}
