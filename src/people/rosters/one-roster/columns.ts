// Columns of the OneRoster 1.1 and 1.2 CSV bindings that are read or known; 1EdTech, "OneRoster CSV Tables", section 4.

const BASE = ["status", "dateLastModified"] as const;

export const MANIFEST = { needed: ["propertyName", "value"], known: [] } as const;

export const CLASSES = {
  needed: ["sourcedId"],
  known: [
    ...BASE,
    "title",
    "grades",
    "courseSourcedId",
    "classCode",
    "classType",
    "location",
    "schoolSourcedId",
    "termSourcedIds",
    "subjects",
    "subjectCodes",
    "periods",
  ],
} as const;

export const USERS = {
  needed: ["sourcedId"],
  known: [
    ...BASE,
    "enabledUser",
    "orgSourcedIds",
    "role",
    "username",
    "userIds",
    "givenName",
    "familyName",
    "middleName",
    "identifier",
    "email",
    "sms",
    "phone",
    "agentSourcedIds",
    "grades",
    "password",
    "userMasterIdentifier",
    "resourceSourcedIds",
    "preferredGivenName",
    "preferredMiddleName",
    "preferredFamilyName",
    "primaryOrgSourcedId",
    "pronouns",
  ],
} as const;

export const ROLES = {
  needed: ["sourcedId", "userSourcedId", "role"],
  known: [...BASE, "roleType", "beginDate", "endDate", "orgSourcedId", "userProfileSourcedId"],
} as const;

export const ENROLLMENTS = {
  needed: ["sourcedId", "classSourcedId", "userSourcedId", "role"],
  known: [...BASE, "schoolSourcedId", "primary", "beginDate", "endDate"],
} as const;

/** Files that are read. */
export const READ = ["users", "classes", "enrollments", "roles"] as const;
export type ReadFile = (typeof READ)[number];

/** Files that are checked for nothing: a course needs none of them. */
export const UNUSED: Readonly<Record<string, string>> = {
  academicSessions: "Courses here have windows of their own.",
  orgs: "Courses here belong to no school.",
  courses: "Classes are named by their own sourcedId.",
  demographics: "It is never read: a course needs no such data.",
};
