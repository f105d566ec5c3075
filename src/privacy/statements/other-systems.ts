import { statement } from "../../platform/database/statement.ts";

// What systems that are connected say about a user: a directory (SCIM), groups, platforms (LTI).

/** What a directory says about a user. */
// plan: SEARCH scim_users USING PRIMARY KEY (user_id=?)
export const directoryPersonHeld = statement<[user: string]>(
  "SELECT user_name, external_id, active, doc, created_at, updated_at FROM scim_users WHERE user_id = ?",
);

// plan: SEARCH scim_members USING COVERING INDEX scim_members_by_user (user_id=?)
// plan: SEARCH scim_groups USING PRIMARY KEY (id=?)
export const directoryGroupsHeld = statement<[user: string]>(
  `SELECT name FROM scim_members JOIN scim_groups ON scim_groups.id = group_id WHERE scim_members.user_id = ?`,
);

// plan: SEARCH group_places USING INDEX group_places_by_user (user_id=?)
export const groupPlacesHeld = statement<[user: string]>(
  "SELECT source, course_slug, learner, member FROM group_places WHERE user_id = ?",
);

// plan: SEARCH scim_users USING PRIMARY KEY (user_id=?)
// plan: SEARCH scim_addresses USING PRIMARY KEY (user_id=?)
export const dropDirectoryPerson = statement<[user: string]>("DELETE FROM scim_users WHERE user_id = ?");

// plan: SEARCH scim_members USING COVERING INDEX scim_members_by_user (user_id=?)
export const dropDirectoryMember = statement<[user: string]>("DELETE FROM scim_members WHERE user_id = ?");

// plan: SEARCH group_places USING INDEX group_places_by_user (user_id=?)
export const dropGroupPlaces = statement<[user: string]>("DELETE FROM group_places WHERE user_id = ?");

// plan: SEARCH group_due USING INDEX group_due_by_user (user_id=?)
export const dropGroupDue = statement<[user: string]>("DELETE FROM group_due WHERE user_id = ?");

// plan: SEARCH lti_people USING INDEX lti_people_by_user (user_id=?)
export const ltiPeopleHeld = statement<[user: string]>(
  "SELECT platform, subject, created_at FROM lti_people WHERE user_id = ?",
);

// plan: SEARCH lti_scores USING INDEX lti_scores_by_learner (user_id=?)
export const ltiScoresHeld = statement<[user: string]>(
  "SELECT platform, course_slug, item, sent, sent_at FROM lti_scores WHERE user_id = ?",
);

// plan: SEARCH lti_members USING INDEX lti_members_by_user (user_id=?)
export const ltiMembershipsHeld = statement<[user: string]>(
  "SELECT platform, context, course_slug, place FROM lti_members WHERE user_id = ?",
);

// plan: SEARCH lti_results USING INDEX lti_results_by_user (user_id=?)
export const ltiResultsHeld = statement<[user: string]>(
  "SELECT platform, context, course_slug, line_item, said, told_at FROM lti_results WHERE user_id = ?",
);

/** Ids of people whom nobody knew when a gradebook was read: whoever came since may be among them. */
// plan: SEARCH lti_contexts USING PRIMARY KEY (platform=?)
// plan: LIST SUBQUERY 1
// plan: SEARCH lti_people USING COVERING INDEX lti_people_by_user (user_id=?)
export const dropHeldLtiUnknown = statement<[user: string]>(
  `UPDATE lti_contexts SET results_unknown = '[]'
    WHERE platform IN (SELECT platform FROM lti_people WHERE user_id = ?) AND results_unknown <> '[]'`,
);

// plan: SEARCH lti_results USING INDEX lti_results_by_user (user_id=?)
export const dropHeldLtiResults = statement<[user: string]>("DELETE FROM lti_results WHERE user_id = ?");

// plan: SEARCH lti_people USING INDEX lti_people_by_user (user_id=?)
export const dropHeldLtiPeople = statement<[user: string]>("DELETE FROM lti_people WHERE user_id = ?");

// plan: SEARCH lti_scores USING INDEX lti_scores_by_learner (user_id=?)
export const dropHeldLtiScores = statement<[user: string]>("DELETE FROM lti_scores WHERE user_id = ?");

// plan: SEARCH lti_members USING INDEX lti_members_by_user (user_id=?)
export const dropHeldLtiMemberships = statement<[user: string]>("DELETE FROM lti_members WHERE user_id = ?");

// plan: SEARCH lti_leaving USING PRIMARY KEY (user_id=?)
export const dropHeldLtiLeaving = statement<[user: string]>("DELETE FROM lti_leaving WHERE user_id = ?");

// plan: SEARCH lti_platforms USING INDEX lti_platforms_by_owner (owner=?)
export const renameLtiOwner = statement<[user: string, pseudonym: string]>(
  "UPDATE lti_platforms SET owner = ?2 WHERE owner = ?1",
);
