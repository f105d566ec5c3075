/** learner: reads and works. author: publishes own courses. service: grades, imports. admin: everything. */
export const ROLES = ["learner", "author", "service", "admin"] as const;
export type Role = (typeof ROLES)[number];
/** Everybody who signs in. Their rights in one course depend on what they are in that course. */
export const PEOPLE = ["learner", "author", "admin"] as const satisfies readonly Role[];
