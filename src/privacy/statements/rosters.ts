import { statement } from "../../platform/database/statement.ts";

/** What rosters of other systems say about a user. */
// plan: SEARCH roster_people USING INDEX roster_people_by_user (user_id=?)
export const rosterPeopleOf = statement<[user: string]>(
  "SELECT course_slug, source, person, said, learner FROM roster_people WHERE user_id = ?",
);

// plan: SEARCH roster_people USING INDEX roster_people_by_user (user_id=?)
export const dropRosterPeople = statement<[user: string]>("DELETE FROM roster_people WHERE user_id = ?");

// plan: MULTI-INDEX OR
// plan: INDEX 1
// plan: SEARCH roster_grants USING COVERING INDEX roster_grants_by_user (user_id=?)
// plan: INDEX 2
// plan: SEARCH roster_grants USING COVERING INDEX roster_grants_by_learner (learner_id=?)
export const dropRosterGrants = statement<[user: string]>(
  "DELETE FROM roster_grants WHERE user_id = ?1 OR learner_id = ?1",
);

/** The rosters that a user set stay, but do not run before somebody else sets them. */
// plan: SEARCH roster_sources USING INDEX roster_sources_by_owner (owner=?)
export const renameRosterOwner = statement<[user: string, name: string]>(
  "UPDATE roster_sources SET owner = ?2, due_at = NULL WHERE owner = ?1",
);

// plan: SEARCH roster_runs USING INDEX roster_runs_by_owner (owner=?)
export const renameRunOwner = statement<[user: string, name: string]>(
  "UPDATE roster_runs SET owner = ?2 WHERE owner = ?1",
);
