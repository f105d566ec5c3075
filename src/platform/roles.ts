/** learner: reads and works. author: publishes own courses. service: grades, imports. admin: everything. */
export const ROLES = ["learner", "author", "service", "admin"] as const;
export type Role = (typeof ROLES)[number];
/** Everybody who signs in. What they may do in one course is said by what they are in it. */
export const PEOPLE = ["learner", "author", "admin"] as const satisfies readonly Role[];
